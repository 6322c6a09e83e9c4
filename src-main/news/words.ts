/** The words in which sources write impact and currency. */
import type { Impact } from '../../src-shared/contract/news.ts';

const IMPACT: readonly (readonly [RegExp, Impact])[] = [
  [/^(bank )?holidays?$/, 'holiday'],
  [/^(high|hoch|strong|red|3|h|\*{3}|★{3}|🔴)( (impact|volatility|importance)( expected)?)?$/, 'high'],
  [
    /^(medium|med|moderate|orange|ora|2|m|\*{2}|★{2}|🟠)( (impact|volatility|importance)( expected)?)?$/,
    'medium',
  ],
  [/^(low|yellow|yel|1|l|\*|★|🟡)( (impact|volatility|importance)( expected)?)?$/, 'low'],
  [/^(none|no|0|non[- ]?economic|gr[ae]y|gra|white)( (impact|volatility|importance)( expected)?)?$/, 'low'],
];

/** NEWS-2: an impact word, colour, number or count of stars; undefined for anything else. */
export function impactOf(text: string): Impact | undefined {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/^calendar_importance_/, '')
    .replaceAll('_', ' ');
  return IMPACT.find(([pattern]) => pattern.test(word))?.[1];
}

/** ISO 4217 codes that calendars use. */
const CURRENCIES = new Set(
  (
    'USD EUR GBP JPY CHF AUD NZD CAD CNY CNH HKD SGD SEK NOK DKK PLN CZK HUF TRY ZAR MXN BRL INR KRW TWD THB IDR MYR ' +
    'PHP RUB ILS CLP COP PEN ARS UAH RON BGN AED SAR QAR KWD EGP NGN KES VND PKR ISK LKR BHD OMR JOD MAD TND GHS ' +
    'UGX KZT GEL RSD HRK UYU VES BWP NAD ZMW AOA BDT MOP ALL'
  ).split(' '),
);

const EURO =
  'EU EA EMU euro zone|eurozone|euro area|european union|european monetary union|europe|AT austria|BE belgium|CY cyprus|' +
  'EE estonia|FI finland|FR france|DE germany|GR greece|IE ireland|IT italy|LV latvia|LT lithuania|LU luxembourg|' +
  'MT malta|NL netherlands|PT portugal|SK slovakia|SI slovenia|ES spain|HR croatia';
const OTHERS: Readonly<Record<string, string>> = {
  USD: 'US USA united states|united states of america',
  GBP: 'GB UK united kingdom|great britain',
  JPY: 'JP japan',
  CHF: 'CH switzerland',
  AUD: 'AU australia',
  NZD: 'NZ new zealand',
  CAD: 'CA canada',
  CNY: 'CN china',
  HKD: 'HK hong kong',
  SGD: 'SG singapore',
  SEK: 'SE sweden',
  NOK: 'NO norway',
  DKK: 'DK denmark',
  PLN: 'PL poland',
  CZK: 'CZ czech republic|czechia',
  HUF: 'HU hungary',
  TRY: 'TR turkey|türkiye',
  ZAR: 'ZA south africa',
  MXN: 'MX mexico',
  BRL: 'BR brazil',
  INR: 'IN india',
  KRW: 'KR south korea',
  TWD: 'TW taiwan',
  THB: 'TH thailand',
  IDR: 'ID indonesia',
  MYR: 'MY malaysia',
  PHP: 'PH philippines',
  RUB: 'RU russia|russian federation',
  ILS: 'IL israel',
  CLP: 'CL chile',
  COP: 'CO colombia',
  PEN: 'PE peru',
  ARS: 'AR argentina',
  UAH: 'UA ukraine',
  RON: 'RO romania',
  BGN: 'BG bulgaria',
  ISK: 'IS iceland',
  AED: 'AE united arab emirates',
  SAR: 'SA saudi arabia',
  EGP: 'EG egypt',
  NGN: 'NG nigeria',
  VND: 'VN vietnam',
};

/** `DE germany` is a code and a name; names without a code stand alone. */
function namesOf(list: string): string[] {
  return list.split('|').flatMap((entry) => {
    const codes = /^((?:[A-Z]{2,3} )*)(.+)$/.exec(entry);
    return [...(codes?.[1] ?? '').split(' '), codes?.[2] ?? '']
      .filter((n) => n !== '')
      .map((n) => n.toLowerCase());
  });
}

const BY_COUNTRY = new Map<string, string>([
  ...namesOf(EURO).map((name) => [name, 'EUR'] as const),
  ...Object.entries(OTHERS).flatMap(([code, list]) => namesOf(list).map((name) => [name, code] as const)),
  ['all', 'ALL'],
  ['global', 'ALL'],
  ['world', 'ALL'],
]);

/** NEWS-3: the currency of an ISO 4217 code, a country code or an English country name; undefined when unknown. */
export function currencyOf(text: string): string | undefined {
  const word = text.trim();
  const code = word.toUpperCase();
  return CURRENCIES.has(code) ? code : BY_COUNTRY.get(word.toLowerCase());
}

/** Whether a word is a currency as it stands, in capitals. */
export function isCurrency(word: string): boolean {
  return CURRENCIES.has(word);
}
