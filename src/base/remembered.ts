/** Something worked out once for an object that does not change, such as a node of a tree. */
export function rememberedFor<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const known = new WeakMap<K, T>();
  return (key) => {
    const existing = known.get(key);
    if (existing !== undefined) return existing;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}
