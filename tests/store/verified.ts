import { verifySigned } from "../../lib/crypto/identity.ts";
import type { Damage } from "../../lib/store/rows.ts";
import type { Store } from "../../lib/store/store.ts";
import type { VerifyOptions } from "../../lib/store/verifier.ts";

/** What a whole check of a store finds; without a space its signatures are not looked at. */
export function damageIn(store: Store, options: Partial<VerifyOptions> = {}): Omit<Damage, "mend">[] {
  const verifier = store.upkeep.verifier({ space: null, verify: verifySigned, structure: true, ...options });
  while (!verifier.step(1000));
  return verifier.damages.map(({ table, row, key }) => ({ table, row, key }));
}

/** Puts right what a check finds and can be put right from what is here. */
export function mendAll(store: Store): void {
  const verifier = store.upkeep.verifier({ space: null, verify: verifySigned, structure: true });
  while (!verifier.step(1000));
  store.begin();
  for (const { mend } of verifier.damages) mend?.();
  store.commit();
}
