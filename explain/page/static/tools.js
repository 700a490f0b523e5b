/** The buttons of the bar: language, light or dark, export, help; and where the page is connected. */
import { clear, h, say } from './dom.js';
import { keep, kept, lang, onLang, setLang, t } from './lang.js';
import { save } from './export.js';
import { openHelp } from './keys.js';

const CHOICE = 'wsbridge.theme';

/** @param {HTMLElement} root @param {import('./main.js').Context} ctx */
export function startTools(root, ctx) {
  applyTheme(kept(CHOICE));
  const draw = () => {
    const other = lang() === 'zh' ? 'en' : 'zh';
    const button = (key, text, act, more = {}) => h('button', {
      type: 'button', class: 'quiet', title: t(key), 'aria-label': t(key), on: { click: act }, ...more,
    }, text);
    clear(root).append(
      button('tools.lang', t('tools.other'), () => setLang(other), { lang: other === 'zh' ? 'zh-Hans' : 'en' }),
      button('tools.theme', '◐', turnTheme),
      button('tools.export', '↓', () => save(ctx.store)),
      button('tools.help', '?', openHelp));
    document.getElementById('foot').textContent = t('foot', { version: ctx.bridge.version || '' });
    document.title = t('page.title');
  };
  draw();
  onLang(draw);
  const where = document.getElementById('where');
  ctx.onStore((store) => say(where, store.path ? `${location.origin.replace(/^http/, 'ws')}${store.path}` : ''));
}

/** From what is seen now to the other one. */
function turnTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const to = dark ? 'light' : 'dark';
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  keep(CHOICE, to === system ? null : to);
  applyTheme(to);
}

function applyTheme(name) {
  if (name === 'light' || name === 'dark') document.documentElement.dataset.theme = name;
}
