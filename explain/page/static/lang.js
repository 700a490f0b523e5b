/**
 * Texts and numbers in the language of the page. Every part keeps its texts in text/NAME.en.json and NAME.zh.json with
 * equal keys; no other file has words for people.
 */

import { here } from './here.js';

/** @typedef {'en'|'zh'} Lang */

const CHOICE = 'wsbridge.lang';

/** @type {Lang} */ let current = 'en';
/** @type {Record<string, string>} */ let table = {};
/** @type {Record<string, any>} */ let wordTable = {};
const names = [];
const listeners = new Set();

/** @returns {Lang} */
export function lang() {
  return current;
}

/** Chooses the language (?lang=, then what was chosen before, then the browser's) and loads the shell's texts. */
export async function startLang() {
  current = wanted();
  await Promise.all([loadTexts(''), loadWords()]);
  document.documentElement.lang = tag();
}

/** Switches, loads every table again, then tells everybody. @param {Lang} to */
export async function setLang(to) {
  keep(CHOICE, to);
  current = to;
  await Promise.all([...names.map(fetchTexts), loadWords()]);
  document.documentElement.lang = tag();
  for (const fn of listeners) fn(to);
}

/**
 * Loads the texts of a part: text/NAME.{lang}.json, or text/{lang}.json for the empty name.
 * @param {string} name
 */
export async function loadTexts(name) {
  if (!names.includes(name)) names.push(name);
  await fetchTexts(name);
}

/** Calls fn after each switch. Returns a function that ends that. @param {(lang: Lang) => void} fn */
export function onLang(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/**
 * The text of a key. {name} is replaced by a parameter, {name|word|words} by one of two words as the number wants it.
 * @param {string} key
 * @param {Record<string, any>} [params]
 */
export function t(key, params = {}) {
  const text = table[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^{}]*))?\}/g, (whole, name, one, many) => {
    if (!(name in params)) return whole;
    if (one === undefined) return typeof params[name] === 'number' ? num(params[name]) : String(params[name]);
    return Number(params[name]) === 1 ? one : many;
  });
}

/** The words of events in the page's language, for words.js. */
export function words() {
  return wordTable;
}

/** A whole number with its digits in groups of three. @param {number} n */
export function num(n) {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** A number of bytes, exact. @param {number} n */
export function bytes(n) {
  return t('unit.bytes', { n });
}

/** A time in microseconds as milliseconds, with two digits below 10 ms and one below 100. @param {number} us */
export function ms(us) {
  const v = us / 1000;
  const digits = Math.abs(v) < 10 ? 2 : Math.abs(v) < 100 ? 1 : 0;
  return t('unit.ms', { n: v.toFixed(digits) });
}

/** localStorage, which may be forbidden. @param {string} name */
export function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

/** @param {string} name @param {string|null} value null forgets */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch { /* a private window: the choice lasts as long as the page */ }
}

async function fetchTexts(name) {
  const file = name ? `text/${name}.${current}.json` : `text/${current}.json`;
  const answer = await fetch(here(`/page/${file}`));
  if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
  const more = await answer.json(); // first: several files load at the same time
  table = { ...table, ...more };
}

async function loadWords() {
  try {
    const answer = await fetch(here(`/api/words/${current}`));
    wordTable = answer.ok ? await answer.json() : {};
  } catch { wordTable = {}; }
}

/** @returns {Lang} */
function wanted() {
  const asked = [new URLSearchParams(location.search).get('lang'), kept(CHOICE), ...(navigator.languages || [])];
  for (const name of asked) {
    if (/^zh\b/i.test(name || '')) return 'zh';
    if (/^en\b/i.test(name || '')) return 'en';
  }
  return 'en';
}

function tag() {
  return current === 'zh' ? 'zh-Hans' : 'en';
}
