import { Button } from '@mantine/core';
import { useModels } from './queries.ts';
import { trainingStore } from './trainingStore.ts';

/** A model named so that one click opens it. */
export function ModelLink({ modelId }: { readonly modelId: string }) {
  const known = useModels().data?.find((m) => m.id === modelId);
  const text = known ? `${known.symbol} ${known.timeframe} v${known.version}` : modelId;
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      onClick={() => trainingStore.setState({ shownModelId: modelId })}
      title={modelId}
    >
      {text}
    </Button>
  );
}
