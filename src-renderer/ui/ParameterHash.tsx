import { Button, CopyButton, Tooltip } from '@mantine/core';

/** The fingerprint of genes, costs and model, short; the whole of it on hover and on the clipboard. */
export function ParameterHash({ hash }: { readonly hash: string }) {
  return (
    <CopyButton value={hash}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : `Parameter hash ${hash}: click to copy`} maw={520}>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            ff="monospace"
            fw={400}
            onClick={copy}
            aria-label={`Copy parameter hash ${hash.slice(0, 10)}`}
            data-hash={hash}
          >
            #{hash.slice(0, 10)}
          </Button>
        </Tooltip>
      )}
    </CopyButton>
  );
}
