import { Button, Group, Modal, Text } from '@mantine/core';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';

export interface ConfirmOptions {
  readonly title: string;
  /** The consequence, in words. */
  readonly text: ReactNode;
  readonly confirmLabel: string;
  readonly cancelLabel?: string;
  readonly danger?: boolean;
  /** `data-testid` of the confirming button. */
  readonly testId?: string;
}
export type Confirm = (options: ConfirmOptions) => Promise<boolean>;

const ConfirmContext = createContext<Confirm | undefined>(undefined);

interface Open {
  readonly options: ConfirmOptions;
  readonly answer: (yes: boolean) => void;
}

/** Holds the one dialogue that asks before something is lost. */
export function ConfirmProvider({ children }: { readonly children: ReactNode }) {
  const [open, setOpen] = useState<Open>();
  const [shown, setShown] = useState(false);
  const confirm = useCallback<Confirm>(
    (options) =>
      new Promise((resolve) => {
        setOpen((was) => {
          was?.answer(false);
          return { options, answer: resolve };
        });
        setShown(true);
      }),
    [],
  );
  const finish = (yes: boolean) => {
    open?.answer(yes);
    setShown(false);
  };
  const options = open?.options;
  return (
    <ConfirmContext value={confirm}>
      {children}
      <Modal opened={shown} onClose={() => finish(false)} title={options?.title} size="sm">
        <Text size="sm" component="div">
          {options?.text}
        </Text>
        <Group justify="flex-end" mt="lg">
          {/* The safe choice takes the focus: Enter by habit loses nothing. */}
          <Button data-autofocus onClick={() => finish(false)}>
            {options?.cancelLabel ?? 'Cancel'}
          </Button>
          <Button
            variant="filled"
            {...(options?.danger ? { color: 'red' } : {})}
            data-testid={options?.testId}
            onClick={() => finish(true)}
          >
            {options?.confirmLabel}
          </Button>
        </Group>
      </Modal>
    </ConfirmContext>
  );
}

/** Asks once before something that loses money or data. Resolves to true only on the confirming button. */
export function useConfirm(): Confirm {
  const confirm = useContext(ConfirmContext);
  if (!confirm) throw new Error('useConfirm needs a ConfirmProvider above it');
  return confirm;
}
