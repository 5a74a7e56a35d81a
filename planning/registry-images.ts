// What a registry says about its images, and which of them share their parts. No I/O.

/** The media types of manifests: of one image, and of an index of images for several platforms. */
export const MANIFEST_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/** A part of an image, as a manifest names it. */
export interface Descriptor {
    digest: string;
    size: number;
}

export interface Manifest {
    config?: Descriptor;
    layers?: Descriptor[];
    /** The manifests of an index, one for each platform. */
    manifests?: Descriptor[];
}

/** An image under one tag. */
export interface TaggedImage {
    repository: string;
    tag: string;
    /** The digest of its manifest. */
    digest: string;
    /** All parts that it consists of, its manifests included. */
    parts: Descriptor[];
}

/** The parts that a manifest names itself. Those of an index are in its manifests. */
export function partsOf({ config, layers = [] }: Manifest): Descriptor[] {
    return config ? [config, ...layers] : layers;
}

/** The bytes of these parts. What several images share counts once. */
export function bytesOf(parts: readonly Descriptor[]): number {
    const sizes = new Map(parts.map(({ digest, size }) => [digest, size]));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** `REPOSITORY:TAG` taken apart; undefined if it is not one. */
export function taggedName(given: string): { repository: string; tag: string } | undefined {
    const [, repository, tag] =
        /^([a-z0-9]+(?:[._/-]+[a-z0-9]+)*):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/.exec(given) ?? [];
    return repository !== undefined && tag !== undefined ? { repository, tag } : undefined;
}

/** Bytes for a reader, as docker writes them: 1 kB is 1000 B. */
export function readable(bytes: number): string {
    const units = ["B", "kB", "MB", "GB", "TB"];
    const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
    const value = bytes / 1000 ** step;
    return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/**
 * An index without images, different for each `mark`. A tag that shares its manifest with others is pointed at one before
 * that one is deleted: a registry deletes a manifest with all of its tags.
 */
export function emptyIndex(mark: string): { type: string; body: string } {
    const type = MANIFEST_TYPES[0]!;
    const annotations = { "io.skep.deleted": mark };
    return { type, body: JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [], annotations }) };
}
