/** The routes of an application, for the question which methods a path has. */
export class RouteTable {
  readonly #exact = new Map<string, Set<string>>();
  readonly #patterns: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];

  constructor(routes: readonly { readonly method: string; readonly path: string }[]) {
    for (const { method, path } of routes) this.#methodsAt(path).add(method);
  }

  /** The methods of a path in alphabetical order; none when there is no such path. */
  methodsOf(path: string): string[] {
    const methods = new Set(this.#exact.get(path));
    for (const route of this.#patterns) {
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }

  #methodsAt(path: string): Set<string> {
    if (!/[:*]/.test(path)) {
      const known = this.#exact.get(path) ?? new Set();
      this.#exact.set(path, known);
      return known;
    }
    const source = path.replace(/[.\\+?^${}()|[\]]/g, '\\$&').replace(/:[^/]+/g, '[^/]+');
    const pattern = new RegExp(`^${source.replace('*', '.*')}$`);
    const known = this.#patterns.find((route) => route.pattern.source === pattern.source);
    if (known !== undefined) return known.methods;
    const methods = new Set<string>();
    this.#patterns.push({ pattern, methods });
    return methods;
  }
}
