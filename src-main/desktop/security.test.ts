import type { HandlerDetails, WindowOpenHandlerResponse } from 'electron';
import { describe, expect, it } from 'vitest';
import {
  APP_URL,
  CONTENT_SECURITY_POLICY,
  type HardenedContents,
  type HardenedSession,
  hardenContents,
  hardenSession,
  isAllowedRequest,
  isAppUrl,
  isTrustedSender,
} from './security.ts';

describe('isAppUrl', () => {
  it.each([APP_URL, 'frontier://app/', 'frontier://app/assets/a.js?x=1'])('accepts %s', (url) => {
    expect(isAppUrl(url)).toBe(true);
  });
  it.each([
    'https://app/',
    'frontier://evil/',
    'frontier://app.evil/',
    'frontier://app:80/',
    'file:///app/',
    'x',
    '',
  ])('refuses %s', (url) => {
    expect(isAppUrl(url)).toBe(false);
  });
});

describe('the content security policy', () => {
  it('allows no foreign source, no inline script and no eval', () => {
    expect(CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none';/);
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-eval|https?:|ws:|\*/);
    expect(CONTENT_SECURITY_POLICY).toContain("script-src 'self';");
  });
});

/** Fires events at what `hardenContents` registered. */
class FakeContents implements HardenedContents {
  open: ((details: HandlerDetails) => WindowOpenHandlerResponse) | undefined;
  readonly listeners = new Map<string, (event: never) => void>();

  setWindowOpenHandler(handler: (details: HandlerDetails) => WindowOpenHandlerResponse): void {
    this.open = handler;
  }

  on(event: string, listener: (event: never) => void): this {
    this.listeners.set(event, listener);
    return this;
  }

  /** True when the event was prevented. */
  fire(event: string, details: object = {}): boolean {
    let prevented = false;
    const argument = {
      ...details,
      preventDefault: () => {
        prevented = true;
      },
    };
    const listener = this.listeners.get(event);
    if (listener === undefined) throw new Error(`Nobody listens to ${event}`);
    listener(argument as never);
    return prevented;
  }
}

describe('hardenContents', () => {
  const contents = new FakeContents();
  hardenContents(contents);

  it('denies windows, navigation, redirects and webviews', () => {
    expect(contents.open?.({ url: APP_URL } as HandlerDetails)).toEqual({ action: 'deny' });
    for (const event of ['will-navigate', 'will-redirect', 'will-attach-webview']) {
      expect(contents.fire(event, { url: APP_URL })).toBe(true);
    }
  });

  it('lets only a sub-frame show a blob of our own origin', () => {
    const report = 'blob:frontier://app/0d9a';
    expect(contents.fire('will-frame-navigate', { url: report, isMainFrame: false })).toBe(false);
    expect(contents.fire('will-frame-navigate', { url: report, isMainFrame: true })).toBe(true);
    for (const url of [
      'https://example.com/',
      'blob:https://example.com/1',
      APP_URL,
      'blob:frontier://app.evil/1',
    ]) {
      expect(contents.fire('will-frame-navigate', { url, isMainFrame: false })).toBe(true);
    }
  });
});

class FakeSession implements HardenedSession {
  request: Parameters<HardenedSession['setPermissionRequestHandler']>[0] | undefined;
  check: Parameters<HardenedSession['setPermissionCheckHandler']>[0] | undefined;
  device: (() => boolean) | undefined;
  before: Parameters<HardenedSession['webRequest']['onBeforeRequest']>[0] | undefined;
  download: Parameters<HardenedSession['on']>[1] | undefined;
  readonly webRequest: HardenedSession['webRequest'] = {
    onBeforeRequest: (listener) => {
      this.before = listener;
    },
  };

  setPermissionRequestHandler(handler: NonNullable<FakeSession['request']>): void {
    this.request = handler;
  }
  setPermissionCheckHandler(handler: NonNullable<FakeSession['check']>): void {
    this.check = handler;
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    this.device = handler;
  }
  on(_event: 'will-download', listener: NonNullable<FakeSession['download']>): this {
    this.download = listener;
    return this;
  }
}

describe('hardenSession', () => {
  const session = new FakeSession();
  hardenSession(session, false);

  const granted = (permission: string, from: string): boolean[] => {
    const answers: boolean[] = [];
    session.request?.(undefined, permission, (answer) => answers.push(answer), { requestingUrl: from });
    return [...answers, session.check?.(undefined, permission, from) ?? true];
  };

  it('denies every permission and device', () => {
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'fileSystem',
      'usb',
    ]) {
      expect(granted(permission, APP_URL)).toEqual([false, false]);
    }
    expect(session.device?.()).toBe(false);
  });

  it('lets the copy buttons of our own page work', () => {
    expect(granted('clipboard-sanitized-write', 'frontier://app/')).toEqual([true, true]);
    expect(granted('clipboard-sanitized-write', 'https://example.com/')).toEqual([false, false]);
  });

  it('cancels requests to anything but our own files', () => {
    const cancelled = (url: string): boolean => {
      let result = false;
      session.before?.({ url }, ({ cancel }) => {
        result = cancel;
      });
      return result;
    };
    expect(cancelled(APP_URL)).toBe(false);
    expect(cancelled('blob:frontier://app/1')).toBe(false);
    for (const url of [
      'https://example.com/',
      'ws://127.0.0.1:9',
      'file:///etc/passwd',
      'devtools://devtools/x',
    ]) {
      expect(cancelled(url)).toBe(true);
    }
    expect(isAllowedRequest('devtools://devtools/x', true)).toBe(true);
  });

  it('lets only what the interface made be saved', () => {
    const prevented = (url: string): boolean => {
      let result = false;
      const event = {
        preventDefault: () => {
          result = true;
        },
      };
      session.download?.(event, { getURL: () => url });
      return result;
    };
    expect(prevented('blob:frontier://app/1')).toBe(false);
    expect(prevented('https://example.com/setup.exe')).toBe(true);
  });
});

describe('isTrustedSender', () => {
  const good = { sender: { id: 7 }, senderFrame: { origin: 'frontier://app', parent: null } };
  it('accepts the main frame of our window only', () => {
    expect(isTrustedSender(good, 7)).toBe(true);
    expect(isTrustedSender(good, 8)).toBe(false);
    expect(isTrustedSender(good, undefined)).toBe(false);
    expect(isTrustedSender({ ...good, senderFrame: null }, 7)).toBe(false);
    expect(isTrustedSender({ ...good, senderFrame: { origin: 'frontier://app', parent: {} } }, 7)).toBe(
      false,
    );
    expect(isTrustedSender({ ...good, senderFrame: { origin: 'https://app', parent: null } }, 7)).toBe(false);
  });
});
