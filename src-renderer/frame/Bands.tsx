import { Button, Loader, SegmentedControl } from '@mantine/core';
import { IconPlugOff } from '@tabler/icons-react';
import { useStore } from 'zustand/react';
import { usePreferences } from '../state/preferences.ts';
import { synced } from '../state/sync.ts';
import { connection } from '../ui/connection.ts';

/** From here on the engine has probably ended rather than stumbled. */
const MANY_FAILURES = 6;

function ConnectionBand() {
  const { state, generation, noToken, failures } = useStore(connection);
  if (state === 'open' || (state === 'connecting' && generation === 0)) return null;
  if (noToken) {
    return (
      <div className="ft-band" data-kind="bad" role="alert">
        <IconPlugOff size={16} aria-hidden />
        <span>
          <strong>This page has no access token.</strong> Open the address that Frontier printed when it
          started, with everything behind the question mark.
        </span>
      </div>
    );
  }
  return (
    <div className="ft-band" data-kind="warn" role="alert">
      <Loader size={14} color="yellow" />
      <span>
        {generation === 0
          ? 'The engine does not answer — trying again.'
          : 'Connection to the engine lost — reconnecting. What is shown may be out of date.'}
        {failures >= MANY_FAILURES && !window.frontierDesktop
          ? ' If Frontier was started anew, open the address that it prints now.'
          : ''}
      </span>
    </div>
  );
}

/** Asked once: which pair of colours says up and down. */
function ColourBand() {
  const chosen = usePreferences((p) => p.pairChosen);
  const pair = usePreferences((p) => p.pair);
  const setPair = usePreferences((p) => p.setPair);
  const known = useStore(synced, (s) => s.done);
  if (chosen || !known) return null;
  return (
    <div className="ft-band">
      <span>Colours for up and down:</span>
      <SegmentedControl
        size="xs"
        aria-label="Colours for up and down"
        value={pair}
        onChange={(v) => setPair(v as typeof pair)}
        data={[
          { value: 'blue-orange', label: 'Blue / orange' },
          { value: 'green-red', label: 'Green / red' },
        ]}
      />
      <span className="ft-dim">
        Blue and orange can be told apart with any colour vision. Settings changes it later.
      </span>
      <div className="ft-grow" />
      <Button size="compact-xs" onClick={() => setPair(pair)}>
        Keep {pair === 'blue-orange' ? 'blue / orange' : 'green / red'}
      </Button>
    </div>
  );
}

/** What takes the top of the screen: a lost engine first. */
export function Bands() {
  return (
    <div className="ft-bands">
      <ConnectionBand />
      <ColourBand />
    </div>
  );
}
