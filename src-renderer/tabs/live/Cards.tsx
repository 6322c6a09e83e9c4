import type { ReactNode } from 'react';
import type { SessionDto } from '../../../src-shared/contract/live.ts';
import {
  formatMoney,
  formatNumber,
  formatPct,
  formatPrice,
  formatSigned,
  formatSignedMoney,
} from '../../ui/format.ts';
import { signClass } from '../../ui/MetricGrid.tsx';
import { Time } from '../../ui/Time.tsx';
import { Side } from '../../ui/TradeTable.tsx';
import styles from './Live.module.css';
import { dayProfit } from './session.ts';

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What is held, with its protection and what it is worth now. */
export function PositionCard({ session }: { readonly session: SessionDto }) {
  const { position, digits, currency } = session;
  return (
    <section className={styles.card} aria-label="Position" data-testid="live-position">
      <h3 className={styles.cardHead}>
        Position <span>last price {formatPrice(session.lastPrice, digits)}</span>
      </h3>
      {position ? (
        <>
          <div className={styles.bigLine}>
            <span className={styles.big}>
              <Side direction={position.direction} /> {formatNumber(position.volumeLots, 2, 2)} lots
            </span>
            <span
              className={`${styles.big} ${signClass(session.unrealised) ?? ''}`}
              title="Unrealised profit or loss"
            >
              {formatSignedMoney(session.unrealised, currency)}
            </span>
          </div>
          <dl className={styles.pairs}>
            <Fact name="Entry">{formatPrice(position.entryPrice, digits)}</Fact>
            <Fact name="Bars held">{formatNumber(position.barsHeld, 0)}</Fact>
            <Fact name="Stop">{formatPrice(position.stopPrice, digits)}</Fact>
            <Fact name="Target">{formatPrice(position.targetPrice, digits)}</Fact>
            <Fact name={`1 R, ${currency}`}>{formatNumber(position.initialRisk, 2, 2)}</Fact>
            <Fact name="Now">
              {position.initialRisk > 0
                ? `${formatSigned(session.unrealised / position.initialRisk)} R`
                : '–'}
            </Fact>
            <Fact name="Since">
              <Time ms={position.entryTimeMs} bare date={false} />
            </Fact>
          </dl>
        </>
      ) : (
        <>
          <div className={styles.bigLine}>
            <span className={`${styles.big} ft-dim`}>Flat</span>
          </div>
          <p className={styles.note}>No position is open.</p>
        </>
      )}
    </section>
  );
}

/** The account of the session. */
export function AccountCard({ session }: { readonly session: SessionDto }) {
  const { currency, equity, balance, initialBalance } = session;
  const total = equity - initialBalance;
  const day = dayProfit(session);
  return (
    <section className={styles.card} aria-label="Account" data-testid="live-account">
      <h3 className={styles.cardHead}>Equity</h3>
      <div className={styles.bigLine}>
        <span className={styles.big}>{formatMoney(equity, currency)}</span>
      </div>
      <dl className={`${styles.pairs} ${styles.single}`}>
        <Fact name="Balance">{formatMoney(balance, currency)}</Fact>
        <Fact name="Day P&L">
          <span className={signClass(day)} title="Since 00:00 UTC of the market day">
            {formatSignedMoney(day, currency)}
          </span>
        </Fact>
        <Fact name="Total P&L">
          <span className={signClass(total)}>{formatSignedMoney(total, currency)}</span>
        </Fact>
        <Fact name="Return">
          {formatPct(initialBalance > 0 ? (100 * total) / initialBalance : undefined, { signed: true })}
        </Fact>
      </dl>
    </section>
  );
}

/** What was decided last, and why. */
export function DecisionCard({ session }: { readonly session: SessionDto }) {
  const { lastDecision } = session;
  return (
    <section className={styles.card} aria-label="Last decision" data-testid="live-decision">
      <h3 className={styles.cardHead}>
        Last decision
        <span>{formatNumber(session.decisions, 0)} in all</span>
      </h3>
      {lastDecision ? (
        <>
          <div className={styles.bigLine}>
            <span className={styles.big}>{formatSigned(lastDecision.signal, 2)} σ</span>
            <span className="ft-dim">
              bar <Time ms={lastDecision.barTimeMs} />
            </span>
          </div>
          <p className={styles.explanation}>{lastDecision.explanation}</p>
        </>
      ) : (
        <p className={styles.note}>Nothing was decided yet: the first decision comes when a bar closes.</p>
      )}
    </section>
  );
}
