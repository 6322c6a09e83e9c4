import {
  ActionIcon,
  Badge,
  Button,
  Checkbox,
  createTheme,
  Loader,
  type MantineColorsTuple,
  Modal,
  Notification,
  NumberInput,
  PasswordInput,
  Progress,
  SegmentedControl,
  Select,
  Switch,
  Table,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useMemo } from 'react';
import { usePreferences } from '../state/preferences.ts';
import { type ChartColors, chartColors } from './colors.ts';

export { type ChartColors, chartColors, withAlpha } from './colors.ts';

/** Neutral ramp of the dark scheme, text to deepest ground; Mantine reads inputs, borders and hovers from it. */
const dark: MantineColorsTuple = [
  '#d5dae2',
  '#b3bcc9',
  '#929cab',
  '#6c7686',
  '#2f3743',
  '#262d37',
  '#1b2129',
  '#13171d',
  '#0d1014',
  '#090b0e',
];
const accent: MantineColorsTuple = [
  '#e9f1ff',
  '#cfe0fd',
  '#a3c3fa',
  '#7eaaf6',
  '#5b93f2',
  '#3f7ce4',
  '#2f6bd6',
  '#2563c9',
  '#1d4fa3',
  '#163d80',
];

/** Red whose filled shade carries white text at 4.5 to 1, as WCAG AA asks. */
const red: MantineColorsTuple = [
  '#ffecec',
  '#fbd5d6',
  '#f5aaac',
  '#f07c80',
  '#ea555a',
  '#e2454b',
  '#d2343b',
  '#c5222b',
  '#a91c24',
  '#8d161d',
];

export const SANS = "'Inter Variable', system-ui, sans-serif";
export const MONO = "'JetBrains Mono Variable', ui-monospace, monospace";

export const theme = createTheme({
  fontFamily: SANS,
  fontFamilyMonospace: MONO,
  colors: { dark, accent, red },
  primaryColor: 'accent',
  primaryShade: { dark: 6, light: 7 },
  defaultRadius: 4,
  cursorType: 'pointer',
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  headings: { fontFamily: SANS, fontWeight: '600' },
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs', variant: 'default' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { size: 26, variant: 'subtle', color: 'gray' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'xs' } }),
    NumberInput: NumberInput.extend({ defaultProps: { size: 'xs' } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'xs' } }),
    Select: Select.extend({ defaultProps: { size: 'xs', allowDeselect: false } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: 'xs' } }),
    Switch: Switch.extend({ defaultProps: { size: 'xs' } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: 'xs' } }),
    Badge: Badge.extend({ defaultProps: { radius: 3, size: 'sm' } }),
    Loader: Loader.extend({ defaultProps: { size: 18, type: 'oval' } }),
    Progress: Progress.extend({ defaultProps: { size: 5, radius: 2 } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.55 },
        closeButtonProps: { 'aria-label': 'Close the dialogue' },
      },
    }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Close the message' } },
    }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 5, horizontalSpacing: 8, fz: 'xs' } }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 350, multiline: true, maw: 320, fz: 'xs', withArrow: true },
    }),
  },
});

/** The palette for canvases, in the chosen scheme and colour pair. */
export function useChartColors(): ChartColors {
  const scheme = usePreferences((p) => p.scheme);
  const pair = usePreferences((p) => p.pair);
  return useMemo(() => chartColors(scheme, pair), [scheme, pair]);
}
