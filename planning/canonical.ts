// Values as texts that can be compared.

/** A value as JSON with its keys sorted, so that equal values have equal texts. Keys without a value are left out. */
export function canonical(value: unknown): string {
    return JSON.stringify(value ?? null, (_key, item: unknown) =>
        item !== null && typeof item === "object" && !Array.isArray(item)
            ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
            : item,
    );
}
