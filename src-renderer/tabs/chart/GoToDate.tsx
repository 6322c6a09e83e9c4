import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { usePreferences } from '../../state/preferences.ts';
import { formatTime, zoneLabel } from '../../ui/format.ts';
import { typedInstant } from './goToDate.ts';

interface GoToDateProps {
  /** What was typed. Kept outside: what is typed before the dialogue has the keyboard belongs to it too. */
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly onGo: (ms: number) => void;
  readonly onClose: () => void;
}

/** Asks for a day or a moment of the history, in the zone that times are shown in. */
export function GoToDate({ text, onText, firstMs, lastMs, onGo, onClose }: GoToDateProps) {
  const zone = usePreferences((p) => p.zone);
  const [tried, setTried] = useState(false);
  const ms = typedInstant(text, zone);
  const outside =
    ms !== undefined &&
    firstMs !== null &&
    lastMs !== null &&
    (ms < firstMs - 86_400_000 || ms > lastMs + 86_400_000);
  const wrong =
    ms === undefined
      ? 'Write it as 2015-03-04 or 2015-03-04 13:30.'
      : outside
        ? 'The history does not reach there.'
        : undefined;
  const go = () => {
    setTried(true);
    if (ms === undefined || outside) return;
    onClose();
    onGo(ms);
  };
  return (
    <Modal opened onClose={onClose} title="Go to a date" size="sm">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          go();
        }}
      >
        <TextInput
          data-autofocus
          label={`Date, and time if you like (${zoneLabel(ms ?? lastMs ?? 0, zone)})`}
          placeholder="YYYY-MM-DD HH:MM"
          value={text}
          onChange={(e) => onText(e.currentTarget.value)}
          error={tried ? wrong : undefined}
          description={
            firstMs !== null && lastMs !== null
              ? `Stored: ${formatTime(firstMs, { bare: true, zone })} to ${formatTime(lastMs, { zone })}`
              : undefined
          }
        />
        <div className="ft-goto-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled">
            Go there
          </Button>
        </div>
      </form>
    </Modal>
  );
}
