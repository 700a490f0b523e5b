// A card: question, guess, run, evidence, verdict, "in your code". Folded to question and run until it has run.

import { clear, h, rich } from '../dom.js';
import { ms, num, t } from '../lang.js';
import { perform, stop } from './runner.js';

/** Verdicts that every experiment can end with. */
const COMMON = ['stopped', 'late', 'failed'];

export class Card {
  /** @param {object} experiment {id, guesses, choices?, fields?, run, draw, params, answer?} @param {HTMLElement} status says aloud what happened */
  constructor(experiment, number, ctx, status) {
    Object.assign(this, { experiment, number, ctx, status, evidence: null, running: false, guess: '' });
    this.options = Object.fromEntries(Object.entries(experiment.choices ?? {}).map(([name, values]) => [name, values[0]]));
    this.root = h('article', { class: 'x-card', id: `x-${experiment.id}` });
    this.result = h('div', { class: 'x-result', 'aria-live': 'off' });
  }

  /** A text of this experiment. */
  text(key, params) { return t(`x.${this.experiment.id}.${key}`, params); }

  /** Draws all of it, in the language of the page. */
  render() {
    this.button = h('button', { type: 'button', class: 'x-run', on: { click: () => this.press() } });
    this.bar = h('progress', { class: 'x-progress', max: 1, value: 0, 'aria-label': t('x.ui.progress') });
    const link = h('a', { class: 'x-link', href: `#x=${this.experiment.id}` }, this.text('title'));
    clear(this.root).append(
      h('header', { class: 'x-head' }, h('span', { class: 'x-number', 'aria-hidden': 'true' }, this.number), h('h3', {}, link)),
      h('p', { class: 'x-question' }, rich(this.text('question'))),
      this.guesses(),
      h('div', { class: 'x-controls' }, this.choices(), this.fields(), this.button, this.bar),
      h('p', { class: 'x-plan' }, rich(this.text('plan'))),
      this.result);
    this.renderControls();
    this.renderResult();
  }

  guesses() {
    const option = (key) => {
      const input = h('input', {
        type: 'radio', name: `guess-${this.experiment.id}`, value: key, checked: key === this.guess,
        on: { change: () => { this.guess = key; this.renderResult(); } },
      });
      return h('label', { class: 'x-chip' }, input, h('span', {}, this.text(`guess.${key}`)));
    };
    return h('fieldset', { class: 'x-guesses' }, h('legend', {}, t('x.ui.guess')), this.experiment.guesses.map(option));
  }

  choices() {
    return Object.entries(this.experiment.choices ?? {}).map(([name, values]) => h('label', { class: 'x-choice' },
      h('span', {}, this.text(`choice.${name}`)),
      h('select', { on: { change: (e) => { this.options[name] = e.target.value; } } },
        values.map((v) => h('option', { value: v, selected: v === this.options[name] }, this.text(`choice.${name}.${v}`))))));
  }

  fields() {
    return (this.experiment.fields ?? []).map((name) => h('label', { class: 'x-choice' },
      h('span', {}, this.text(`field.${name}`)),
      h('input', {
        type: 'text', value: this.options[name] ?? '', placeholder: this.text(`field.${name}.hint`), spellcheck: 'false',
        autocomplete: 'off', on: { input: (e) => { this.options[name] = e.target.value; } },
      })));
  }

  press() {
    if (this.running) stop();
    else this.perform({});
  }

  /** Runs the experiment and shows it. @returns {Promise<import('./runner.js').Evidence>} */
  async perform(options) {
    await stop();
    const turn = this.turn = {}; // a later run may begin before this one has been told that it was stopped
    this.running = true;
    this.evidence = null;
    this.bar.removeAttribute('value');
    this.renderControls();
    this.renderResult();
    this.say('x.ui.running');
    const evidence = await perform(this.experiment, { ...this.options, ...options }, {
      version: this.ctx.bridge?.version ?? '',
      onShow: (partial, run) => { if (turn === this.turn) this.showProgress(partial, run); },
    });
    if (turn !== this.turn) return evidence;
    this.running = false;
    this.evidence = evidence;
    this.renderControls();
    this.renderResult();
    this.say(evidence.ok ? 'x.ui.done' : 'x.ui.not-done');
    return evidence;
  }

  say(key) { this.status.textContent = t(key, { title: this.text('title') }); }

  /** The facts so far, drawn at most ten times a second. */
  showProgress(partial, run) {
    if (run.of) { this.bar.max = run.of; this.bar.value = run.done; }
    const now = performance.now();
    if (now - (this.drawn ?? 0) < 100 && run.done < run.of) return;
    this.drawn = now;
    this.evidence = { ...partial, partial: true };
    this.renderResult();
  }

  renderControls() {
    this.button.textContent = t(this.running ? 'x.ui.stop' : this.evidence ? 'x.ui.again' : 'x.ui.run');
    this.button.classList.toggle('x-stop', this.running);
    this.bar.hidden = !this.running;
    this.root.classList.toggle('x-running', this.running);
  }

  renderResult() {
    clear(this.result);
    this.root.classList.toggle('x-open', Boolean(this.evidence));
    if (!this.evidence) return;
    this.result.append(...this.drawing());
    if (this.evidence.partial) return;
    this.result.append(this.verdict(), this.inYourCode(), this.asJSON());
  }

  drawing() {
    try {
      return [h('h4', {}, t('x.ui.evidence')), ...this.experiment.draw(this.evidence)];
    } catch (error) {
      if (!COMMON.includes(this.evidence.verdict) && !this.evidence.partial) console.error(error);
      return []; // what a stopped run left is not enough for a drawing
    }
  }

  verdict() {
    const e = this.evidence;
    const text = COMMON.includes(e.verdict)
      ? t(`x.ui.verdict.${e.verdict}`, { error: e.facts.error ?? '' })
      : this.text(`verdict.${e.verdict}`, this.experiment.params(e));
    return h('div', { class: e.ok ? 'x-verdict' : 'x-verdict x-bad' },
      h('h4', {}, t('x.ui.verdict')), h('p', {}, rich(text)), this.guessed(),
      h('p', { class: 'x-fine' }, t('x.ui.this-run', { browser: browserOf(e.userAgent), took: ms(e.took_ms * 1000) })));
  }

  guessed() {
    const answer = COMMON.includes(this.evidence.verdict) ? null : this.experiment.answer?.(this.evidence);
    if (!this.guess || !answer) return null;
    const key = answer === this.guess ? 'x.ui.guess-right' : 'x.ui.guess-other';
    return h('p', { class: 'x-guessed' }, t(key, { guess: this.text(`guess.${this.guess}`), answer: this.text(`guess.${answer}`) }));
  }

  inYourCode() {
    return h('div', { class: 'x-code' }, h('h4', {}, t('x.ui.code')), h('p', {}, rich(this.text('advice'))),
      h('pre', {}, h('code', {}, this.text('code'))));
  }

  asJSON() {
    const text = JSON.stringify(this.evidence, null, 2);
    const save = h('button', { type: 'button', class: 'x-small', on: { click: () => download(`${this.experiment.id}.json`, text) } }, t('x.ui.download'));
    const view = h('details', { class: 'x-json' }, h('summary', {}, t('x.ui.json', { n: num(text.length) })));
    view.addEventListener('toggle', () => { if (view.open && !view.querySelector('pre')) view.append(h('pre', {}, text), save); });
    return view;
  }

  /** Scrolls here, for a deep link. */
  show() {
    this.root.scrollIntoView({ block: 'start', behavior: 'instant' });
    this.button.focus({ preventScroll: true });
  }
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  h('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

/** "Firefox 153", or the whole text when it is none we know. */
function browserOf(userAgent) {
  const m = /(Firefox|Edg|OPR|Chrome)\/(\d+)/.exec(userAgent) ?? /(Version)\/(\d+).*Safari/.exec(userAgent);
  if (!m) return userAgent;
  const name = { Edg: 'Edge', OPR: 'Opera', Chrome: 'Chromium', Version: 'Safari' }[m[1]] ?? m[1];
  return `${name} ${m[2]}`;
}
