// The player's keys. Pure: the action of a key, by the focused element.

export type KeyCommand = 'toggle' | 'forward' | 'back' | 'mute' | 'next' | 'previous' | 'search';

export interface KeyPlace {
  key: string;
  /** Ctrl, Alt or Meta is pressed: the key belongs to the browser. */
  modified: boolean;
  /** The focus is in a text field. */
  typing: boolean;
  /** The focus is on an element that Space activates. */
  pressable: boolean;
  /** The focus is on an element with its own arrow keys. */
  arrows: boolean;
}

export function keyCommand(place: KeyPlace): KeyCommand | null {
  if (place.modified || place.typing) return null;
  switch (place.key) {
    case ' ': return place.pressable ? null : 'toggle';
    case 'ArrowRight': return place.arrows ? null : 'forward';
    case 'ArrowLeft': return place.arrows ? null : 'back';
    case 'm': return 'mute';
    case 'n': return 'next';
    case 'p': return 'previous';
    case '/': return 'search';
    default: return null;
  }
}

export function keyPlace(event: KeyboardEvent): KeyPlace {
  const target = event.target instanceof Element ? event.target : null;
  const on = (selector: string): boolean => target?.closest(selector) != null;
  return {
    key: event.key,
    modified: event.ctrlKey || event.altKey || event.metaKey,
    typing: on('input:not([type="range"], [type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]'),
    pressable: on('button, a[href], summary, input, [role="button"], [role="switch"]'),
    arrows: on('[role="slider"], input, [role="radiogroup"], [role="tablist"]'),
  };
}
