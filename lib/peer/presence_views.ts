/** Why a member is not linked: it said goodbye, or it was lost. */
export type Absence = "left" | "gone";

/** A member without a link that is not known to be here. */
export interface AbsentView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  /** When it was last linked, or said to be here, ms since 1970; null when never. */
  readonly sinceMs: number | null;
  /** Whether it said goodbye, or was lost; null where it was not linked since this peer started, or only just. */
  readonly absence: Absence | null;
  /** Base32 id of who says that it is lost; null where this peer noticed. */
  readonly by: string | null;
}

/** A member that is linked with others, and here as it says, in a space too large for links between all. */
export interface ElsewhereView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  /** When it last said so, ms since 1970. */
  readonly heardMs: number;
  /** Base32 id of the linked member by way of which that came. */
  readonly by: string;
  /** Whether it held then what this peer holds now. */
  readonly inSync: boolean;
}
