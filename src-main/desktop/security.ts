/** What keeps the renderer in its box: one origin, one policy, no navigation, no windows, no permissions. */
import type { HandlerDetails, WindowOpenHandlerResponse } from 'electron';

/** Scheme of the interface's own files; registered as standard and secure before the app is ready. */
export const APP_SCHEME = 'frontier';
export const APP_ORIGIN = `${APP_SCHEME}://app`;
export const APP_URL = `${APP_ORIGIN}/index.html`;

/**
 * Everything from our own origin, nothing from a network. Inline styles stay allowed because the component
 * library sets them; `blob:` frames show reports.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  'frame-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** True for an address under our own origin. `URL.origin` is "null" for a scheme Node does not know. */
export function isAppUrl(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === `${APP_SCHEME}:` && url.host === 'app';
}

/** Requests the session may make at all; `devtools:` only while developing. */
export function isAllowedRequest(address: string, development: boolean): boolean {
  if (isAppUrl(address)) return true;
  if (address.startsWith(`blob:${APP_ORIGIN}/`) || address.startsWith('data:')) return true;
  return development && address.startsWith('devtools:');
}

interface Preventable {
  preventDefault(): void;
}
interface FrameNavigation extends Preventable {
  readonly url: string;
  readonly isMainFrame: boolean;
}

/** The part of `WebContents` that `hardenContents` uses. */
export interface HardenedContents {
  setWindowOpenHandler(handler: (details: HandlerDetails) => WindowOpenHandlerResponse): void;
  on(event: 'will-navigate', listener: (event: Preventable) => void): unknown;
  on(event: 'will-frame-navigate', listener: (event: FrameNavigation) => void): unknown;
  on(event: 'will-redirect', listener: (event: Preventable) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: Preventable) => void): unknown;
}

/** Denies new windows, webviews and every navigation, except a report shown in a `blob:` frame. */
export function hardenContents(contents: HardenedContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => {
    const report = !event.isMainFrame && event.url.startsWith(`blob:${APP_ORIGIN}/`);
    if (!report) event.preventDefault();
  });
}

/** The part of `Session` that `hardenSession` uses. */
export interface HardenedSession {
  setPermissionRequestHandler(
    handler: (
      contents: unknown,
      permission: string,
      callback: (granted: boolean) => void,
      details: { readonly requestingUrl: string },
    ) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: unknown, permission: string, requestingOrigin: string) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  readonly webRequest: {
    onBeforeRequest(
      listener: (details: { url: string }, callback: (response: { cancel: boolean }) => void) => void,
    ): void;
  };
  on(event: 'will-download', listener: (event: Preventable, item: { getURL(): string }) => void): unknown;
}

/** Putting text on the clipboard after a click, as the copy buttons do, is all that a page may ask for. */
function isAllowedPermission(permission: string, requester: string): boolean {
  return permission === 'clipboard-sanitized-write' && isAppUrl(requester);
}

/**
 * Denies devices, every permission but copying, foreign requests, and downloads that the interface did not
 * make itself.
 */
export function hardenSession(session: HardenedSession, development: boolean): void {
  session.setPermissionRequestHandler((_contents, permission, callback, details) =>
    callback(isAllowedPermission(permission, details.requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) =>
    isAllowedPermission(permission, origin),
  );
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, callback) => {
    callback({ cancel: !isAllowedRequest(details.url, development) });
  });
  session.on('will-download', (event, item) => {
    const url = item.getURL();
    if (!url.startsWith(`blob:${APP_ORIGIN}/`) && !url.startsWith('data:')) event.preventDefault();
  });
}

/** The part of an `IpcMainEvent` that tells who sent it. */
export interface IpcSender {
  readonly senderFrame: { readonly origin: string; readonly parent: unknown } | null;
  readonly sender: { readonly id: number };
}

/** True when a message comes from the top frame of our own window, showing our own origin. */
export function isTrustedSender(event: IpcSender, windowContentsId: number | undefined): boolean {
  const frame = event.senderFrame;
  // A frame that navigated or died between sending and handling is null.
  if (frame === null || windowContentsId === undefined) return false;
  return event.sender.id === windowContentsId && frame.parent === null && frame.origin === APP_ORIGIN;
}
