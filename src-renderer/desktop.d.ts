/** What the desktop shell's preload script offers; absent in a browser. */
interface FrontierDesktop {
  readonly platform: string;
  /** Asks the shell for a fresh MessagePort to the engine; it arrives as a `message` event, data `frontier:port`. */
  requestPort(): void;
  /** Commands of the native menu. Returns a function that stops listening. */
  onMenu(listener: (command: string) => void): () => void;
}

interface Window {
  readonly frontierDesktop?: FrontierDesktop;
}

declare module 'plotly.js-basic-dist-min';
