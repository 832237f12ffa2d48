// What a screen reader is told without moving the focus.

class Announcer {
  text = $state('');
  say(text: string): void {
    this.text = text;
  }
}
export const announcer = new Announcer();
