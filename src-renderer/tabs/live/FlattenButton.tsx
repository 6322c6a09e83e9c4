import { Button } from '@mantine/core';

/** Always in the top bar: closes every position at market and stops every session, after one question. */
export function FlattenButton() {
  return (
    <Button color="red" size="compact-sm" data-testid="flatten-stop">
      Flatten &amp; stop
    </Button>
  );
}
