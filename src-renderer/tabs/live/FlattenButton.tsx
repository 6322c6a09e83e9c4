import { Button, Group, List, Modal, Text } from '@mantine/core';
import { IconPlugConnectedX, IconSquareRoundedXFilled } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { invalidate, rpc, useConnection } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';

type FlattenResult = Awaited<ReturnType<typeof rpc.live.flatten>>;
type Preview = Awaited<ReturnType<typeof rpc.live.flattenPreview>>;

/** How often the words of the consequence follow the market while the question stands. */
const PREVIEW_EVERY_MS = 1000;

/** What flatten would do now, asked again and again while the question is on screen. */
function usePreview(asking: boolean): { preview: Preview | undefined; error: unknown } {
  const [state, setState] = useState<{ preview: Preview | undefined; error: unknown }>({
    preview: undefined,
    error: undefined,
  });
  useEffect(() => {
    if (!asking) return;
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      rpc.live
        .flattenPreview()
        .then(
          (preview) => gone || setState({ preview, error: undefined }),
          (error: unknown) => gone || setState({ preview: undefined, error }),
        )
        .finally(() => {
          if (!gone) timer = setTimeout(ask, PREVIEW_EVERY_MS);
        });
    };
    ask();
    return () => {
      gone = true;
      clearTimeout(timer);
      setState({ preview: undefined, error: undefined });
    };
  }, [asking]);
  return state;
}

/**
 * Always in the top bar: closes every position at market and stops every session, after one question. It is never
 * disabled; without a connection it says so in place of the question.
 */
export function FlattenButton() {
  const [opened, setOpened] = useState(false);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<FlattenResult>();
  const [error, setError] = useState<unknown>();
  const flatten = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setResult(await rpc.live.flatten());
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
      invalidate('live.');
    }
  };
  const open = () => {
    if (!opened) {
      setResult(undefined);
      setError(undefined);
    }
    setOpened(true);
  };
  return (
    <>
      <Button
        color="red"
        variant="filled"
        leftSection={<IconSquareRoundedXFilled size={14} aria-hidden />}
        onClick={open}
        title="Close every position at market and stop every session (Ctrl Shift F)"
        data-testid="flatten-stop"
      >
        Flatten &amp; stop
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={result ? 'Flattened and stopped' : 'Flatten & stop everything?'}
        size="md"
        zIndex={500}
      >
        {result ? (
          <Outcome result={result} onClose={() => setOpened(false)} />
        ) : (
          <Question
            opened={opened}
            busy={busy}
            error={error}
            onFlatten={() => void flatten()}
            onCancel={() => setOpened(false)}
          />
        )}
      </Modal>
    </>
  );
}

interface QuestionProps {
  readonly opened: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onFlatten: () => void;
  readonly onCancel: () => void;
}

function Question({ opened, busy, error, onFlatten, onCancel }: QuestionProps) {
  const connected = useConnection() === 'open';
  const { preview, error: previewError } = usePreview(opened && connected && !busy);
  return (
    <>
      {connected ? (
        <Text size="sm" component="div" mih={64} data-testid="flatten-preview">
          <Text fw={600} size="md" mb={6}>
            {previewText(preview, previewError)}
          </Text>
          Nothing opens a position again until you start a session.
        </Text>
      ) : (
        <Text size="sm" component="div" role="alert" mih={64}>
          <Text fw={600} size="md" mb={6} c="red">
            <IconPlugConnectedX size={16} aria-hidden style={{ verticalAlign: -3, marginRight: 6 }} />
            Not connected to the engine: nothing can be closed from here now.
          </Text>
          Frontier is reconnecting. If the engine does not come back, close the positions at your broker. On
          the machine of the engine, “frontier flatten” does the same as this button.
        </Text>
      )}
      {error !== undefined && <ErrorLine error={error} />}
      <Group justify="flex-end" mt="lg">
        {/* The safe choice takes the focus: Enter by habit closes nothing. */}
        <Button data-autofocus onClick={onCancel}>
          Keep everything as it is
        </Button>
        <Button
          color="red"
          variant="filled"
          loading={busy}
          disabled={!connected}
          onClick={onFlatten}
          data-testid="flatten-confirm"
        >
          {error === undefined ? 'Flatten & stop' : 'Try again'}
        </Button>
      </Group>
    </>
  );
}

function previewText(preview: Preview | undefined, error: unknown): string {
  if (preview) return preview.text;
  if (error !== undefined) {
    return 'What this would cost cannot be said now. Flattening still closes every position at market.';
  }
  return 'Looking up the open positions…';
}

function Outcome({ result, onClose }: { readonly result: FlattenResult; readonly onClose: () => void }) {
  const counts = [
    `${result.closedPositions} ${result.closedPositions === 1 ? 'position' : 'positions'} closed`,
    `${result.cancelledOrders} ${result.cancelledOrders === 1 ? 'order' : 'orders'} cancelled`,
    `${result.stoppedSessions} ${result.stoppedSessions === 1 ? 'session' : 'sessions'} stopped`,
  ];
  return (
    <div data-testid="flatten-result" role="status">
      <Text fw={600} mb={8}>
        {counts.join(', ')}.
      </Text>
      <List size="sm" spacing={4}>
        {result.messages.map((message) => (
          <List.Item key={message}>{message}</List.Item>
        ))}
      </List>
      <Group justify="flex-end" mt="lg">
        <Button data-autofocus onClick={onClose}>
          Close
        </Button>
      </Group>
    </div>
  );
}
