/**
 * Making elements. Children that are strings become text nodes, so nothing from the wire is ever parsed as HTML.
 * @typedef {Node|string|number|null|undefined|false|Child[]} Child
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An HTML element. `class` is a string, `on` maps event names to listeners, `dataset` and `style` map names to values
 * (a style name may be a custom property); true and false set or leave out an attribute; the rest are attributes.
 * @param {string} tag
 * @param {Record<string, any>|null} [props]
 * @param {...Child} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, props, ...children) {
  return dress(document.createElement(tag), props, children);
}

/**
 * An SVG element, with the same props.
 * @param {string} tag
 * @param {Record<string, any>|null} [attrs]
 * @param {...Child} children
 * @returns {SVGElement & Record<string, any>}
 */
export function svg(tag, attrs, ...children) {
  return dress(document.createElementNS(SVG, tag), attrs, children);
}

/** Takes all children out. @template {Node} T @param {T} el @returns {T} */
export function clear(el) {
  el.textContent = '';
  return el;
}

/** Replaces the text only when it differs, so that a selection or a screen reader is not disturbed. */
export function say(el, text) {
  if (el.textContent !== text) el.textContent = text;
  return el;
}

/**
 * Nodes of a sentence in which `code` is code and **word** is strong. For texts of text/*.json, never for the wire.
 * @param {string} text
 * @returns {Node[]}
 */
export function rich(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).filter(Boolean).map((part) => {
    if (part.startsWith('`')) return h('code', null, part.slice(1, -1));
    if (part.startsWith('**')) return h('strong', null, rich(part.slice(2, -2)));
    return document.createTextNode(part);
  });
}

function dress(el, props, children) {
  for (const [name, value] of Object.entries(props || {})) set(el, name, value);
  append(el, children);
  return el;
}

function set(el, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'on') {
    for (const [event, listener] of Object.entries(value)) el.addEventListener(event, listener);
  } else if (name === 'dataset') {
    Object.assign(el.dataset, value);
  } else if (name === 'style') {
    for (const [property, v] of Object.entries(value)) el.style.setProperty(property, String(v));
  } else {
    el.setAttribute(name, value === true ? '' : String(value));
  }
}

function append(el, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(el, child);
    else el.append(child instanceof Node ? child : String(child));
  }
}
