// Shown when the pages could not be loaded. It uses no Svelte, because Svelte itself may be missing.

const TITLE = 'The server does not answer';
const HELP = 'The pages could not be loaded. Check that you are online, and try again later.';

export function showAway(target: HTMLElement, again: () => void): void {
  const make = (tag: string, name: string, text = ''): HTMLElement => Object.assign(document.createElement(tag), { className: name, textContent: text });
  const [box, button] = [make('main', 'away'), make('button', 'button', 'Try again')];
  box.setAttribute('role', 'alert');
  button.addEventListener('click', again);
  box.append(make('h1', '', TITLE), make('p', 'soft', HELP), button);
  target.replaceChildren(box);
}
