/**
 * What could steer a terminal, turn the order in which its line is read, or hide on it. Of joiners and variation
 * selectors, which some scripts need, those behind a Latin letter or a digit.
 */
export const STEERING =
  /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[a-zA-Z0-9][\u200c\u200d\ufe0e\ufe0f]/u;
