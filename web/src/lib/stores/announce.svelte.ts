// Messages for screen readers, without a change of focus.

class Announcer {
  text = $state('');
  say(text: string): void {
    this.text = text;
  }
}
export const announcer = new Announcer();
