import { ActionIcon, Button } from '@mantine/core';
import { IconAlertTriangle, IconArrowBackUp, IconCircleCheck, IconX } from '@tabler/icons-react';
import { useEffect } from 'react';
import { COMMAND_KEY } from '../../frame/keys.ts';
import { describeError } from '../../ui/rpc.ts';
import { dismissUndo, type UndoOffer, undoOffered, useUndoOffer } from './undo.ts';

/** Inputs that hold no text that the key could take back. */
const WITHOUT_TEXT = new Set(['radio', 'checkbox', 'button', 'submit', 'reset', 'file', 'range']);

/** True where the key takes back what was typed. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !target.readOnly && !WITHOUT_TEXT.has(target.type);
  return target instanceof HTMLElement && target.closest('textarea, [contenteditable]') !== null;
}

/** Ctrl-Z, or the command key's Z, anywhere on the tab but in a field. */
function useUndoKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z';
      if (!undo || isTyping(event.target)) return;
      event.preventDefault();
      void undoOffered();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function textOf(offer: Exclude<UndoOffer, { state: 'none' }>): string {
  if (offer.state === 'failed' || offer.state === 'error') {
    const { title, hint } = describeError(offer.error);
    return hint ? `${title} ${hint}` : title;
  }
  return offer.state === 'working' ? 'Taking it back…' : offer.text;
}

/** What was just done, and the way back. */
export function UndoBar() {
  const offer = useUndoOffer();
  useUndoKey();
  if (offer.state === 'none') return null;
  const bad = offer.state === 'failed' || offer.state === 'error';
  const Icon = bad ? IconAlertTriangle : IconCircleCheck;
  const text = textOf(offer);
  return (
    <div className="ft-undo" role={bad ? 'alert' : 'status'} data-testid="undo-bar">
      <Icon size={15} stroke={1.7} className={bad ? 'ft-bad' : 'ft-ok'} aria-hidden />
      <span className="ft-grow ft-ellipsis" title={text}>
        {text}
      </span>
      {(offer.state === 'offered' || offer.state === 'failed') && (
        <Button
          size="compact-xs"
          data-testid="undo"
          leftSection={<IconArrowBackUp size={14} aria-hidden />}
          onClick={() => void undoOffered()}
        >
          Undo <kbd className="ft-kbd ft-undo-key">{COMMAND_KEY} Z</kbd>
        </Button>
      )}
      <ActionIcon size={22} aria-label="Put this message away" onClick={dismissUndo}>
        <IconX size={13} aria-hidden />
      </ActionIcon>
    </div>
  );
}
