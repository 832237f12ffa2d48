// What is shown where the pages themselves could not be loaded: without Svelte, which may be what is missing.

const TITLE = 'The server does not answer';
const HELP = 'The pages could not be loaded. Look whether you are online, and try again in a while.';

export function showAway(target: HTMLElement, again: () => void): void {
  const make = (tag: string, name: string, text = ''): HTMLElement => Object.assign(document.createElement(tag), { className: name, textContent: text });
  const [box, button] = [make('main', 'away'), make('button', 'button', 'Try again')];
  box.setAttribute('role', 'alert');
  button.addEventListener('click', again);
  box.append(make('h1', '', TITLE), make('p', 'soft', HELP), button);
  target.replaceChildren(box);
}
