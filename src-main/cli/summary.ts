import { type MainJobResult, verdict } from '../app/mainJob.ts';
import { day, num, pct, timesHundred } from './output.ts';

/** One screen: what was done, what came out, and what to think of it. */
export function mainJobSummary(r: MainJobResult, home: string): string {
  const { dataset, model, study, session, adherence } = r;
  const synthetic = dataset.synthetic ? '  [SYNTHETIC data, no real market]' : '';
  const judged = (label: string, m: MainJobResult['backtest']['metrics']): string =>
    `  ${label.padEnd(22)}${pct(m.netReturnPct).padStart(10)}   Sharpe ${num(m.sharpe).padStart(6)}   drawdown ${num(m.maxDrawdownPct)} %   ${m.trades} trades   cost ${num(m.totalCost)} ${session.currency}`;
  const g = r.deployment.genes;
  return [
    '',
    `FRONTIER  main job on ${dataset.symbol} ${dataset.timeframe}${synthetic}`,
    '',
    `History     ${dataset.bars.toLocaleString('en')} bars, ${day(dataset.fromMs)} to ${day(dataset.toMs)} UTC, quality ${num(r.quality.score, 0)}/100, ${r.quality.issues.length} findings`,
    `Model       ${model.family.toUpperCase()}, ${model.parameters.toLocaleString('en')} parameters, ${r.run.step} steps in ${num(r.run.seconds, 1)} s on ${model.engine}`,
    `            out of sample: R² ${pct(timesHundred(model.testR2))}, rank correlation ${num(model.testRankCorrelation, 3)}`,
    `Intervals   aimed at ${num(100 * model.conformal!.target, 0)} %, achieved ${num(100 * model.conformal!.achieved, 1)} % on ${model.conformal!.n} unseen bars`,
    `Study       ${study.evaluations} evaluations in ${num(study.seconds, 1)} s, ${study.trials.filter((t) => t.onFront).length} points on the front`,
    '',
    'Backtest on the test span (neither network, calibration nor study saw it)',
    judged('default genes', r.backtest.metrics),
    judged('deployed genes', r.deployedBacktest.metrics),
    judged('  in-sample, for scale', r.point.optimisation.metrics),
    '',
    `Deployed    threshold ${num(g.entryThreshold)}  stop ${num(g.stopAtr)} ATR  target ${num(g.targetAtr)} ATR  risk ${num(100 * g.riskFraction)} %  holding ${g.maxHoldingBars} bars`,
    `Paper       ${session.barsDone} bars replayed, ${session.decisions} decisions, ${session.orders.length} orders, ${session.fills.length} fills, balance ${num(session.balance)} ${session.currency}`,
    `            same parameters: ${session.parameterHash === r.deployment.parameterHash ? 'yes' : 'NO'}; decisions as the backtest: ${adherence.decisionsEqual}/${adherence.decisionsCompared}, fills ${adherence.fillsEqual}/${adherence.fillsCompared}`,
    `Verdict     ${verdict(r)}`,
    `Report      ${r.report.path} in ${home}`,
    '',
  ].join('\n');
}
