// A compose file's text as a document, and back. Scalars stay text from one end to the other, so that those that nobody
// changes are written as they were.
import {
    type Document,
    isAlias,
    isMap,
    isScalar,
    isSeq,
    LineCounter,
    type Node,
    Pair,
    parseAllDocuments,
    Scalar,
    visit,
    YAMLMap,
    YAMLSeq,
} from "yaml";
import { type StringifyContext, stringTag } from "yaml/util";
import { Notes } from "./nodes";
import { textOf } from "./scalars";

/** More nodes than this come only of aliases of aliases, which are there to fill a machine's memory. */
const MOST_NODES = 50_000;

/** Characters that Go's parser refuses, or takes for the end of a line, where they are not escaped. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** How scalars are written: as the library does, and so that Go's parser reads them. */
const STRING = {
    ...stringTag,
    stringify: (item: Scalar, ctx: StringifyContext, ...rest: [(() => void)?, (() => void)?]) => {
        // Go's parser takes the colon of `{ key:, }` for a part of the key, so an empty value is written out.
        if (item.value === "" && item.type === Scalar.PLAIN && ctx.inFlow) return "null";
        const written = stringTag.stringify?.(item, ctx, ...rest) ?? "";
        if (item.type !== Scalar.QUOTE_DOUBLE) return written;
        return written.replace(
            UNPRINTABLE,
            (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
    },
};

/** A file that was read. Without a root it is not to be worked on, and the notes say why. */
export interface ComposeDocument {
    notes: Notes;
    document?: Document;
    root?: YAMLMap;
}

/** Reads a compose file, and puts what aliases and merge keys stand for in their place. */
export function readDocument(text: string, path: string): ComposeDocument {
    const lineCounter = new LineCounter();
    const notes = new Notes(path, lineCounter);
    const parsed = parseAllDocuments(text, {
        schema: "failsafe",
        customTags: (tags) => tags.map((tag) => (tag === stringTag ? STRING : tag)),
        lineCounter,
        prettyErrors: false,
    });
    const documents: Document[] = Array.isArray(parsed) ? parsed : [];
    for (const { code, message, pos } of documents.flatMap(({ errors }) => errors))
        notes.problem(
            pos[0],
            code === "DUPLICATE_KEY"
                ? `the key ${keyAt(text, pos[0])} is there twice`
                : `this is no YAML: ${message}`,
        );
    const [document, second] = documents;
    if (second) notes.problem(second.range?.[0], "a second document begins: only one is deployed");
    // A key that is there twice does not hide what else is wrong.
    const broken = documents.some(({ errors }) => errors.some(({ code }) => code !== "DUPLICATE_KEY"));
    if (broken) return { notes };
    if (!document?.contents) {
        notes.problem(0, "the file has no services");
        return { notes };
    }
    if (!new Unrolling(document, notes).run()) return { notes };
    if (isMap(document.contents)) return { notes, document, root: document.contents };
    notes.problem(document.contents, "the file must be a map, with services in it");
    return { notes };
}

/**
 * The document's text. Nothing is folded. It begins with the first key at the start of a line, without a `---`: for old
 * versions of Docker, a version is put in front of it on the host. One with a key twice has no text.
 */
export function writeDocument(document: Document): string {
    if (document.errors.length > 0) return "";
    if (document.directives) {
        document.directives.docStart = null;
        document.directives.yaml.explicit = false;
    }
    if (isMap(document.contents)) document.contents.flow = false;
    return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
}

function keyAt(text: string, offset: number): string {
    return /^["']?([^\s:"']*)/.exec(text.slice(offset))?.[1] ?? "";
}

/**
 * Puts copies in the place of aliases, and a map's keys in the place of its merge keys. Only then can one place be changed
 * without another: a port comes by a merge into two services, say, or a variable into a number and into a text.
 */
class Unrolling {
    private readonly targets = new Map<Node, Node>();
    private readonly open = new Set<Node>();
    private nodes = 0;

    constructor(
        private readonly document: Document,
        private readonly notes: Notes,
    ) {}

    /** False: the notes say why it could not be done. */
    run(): boolean {
        const before = this.notes.problems.length;
        this.findTargets();
        this.document.contents = this.inPlace(this.document.contents as Node) as Document["contents"];
        if (this.nodes > MOST_NODES) this.notes.problem(0, "the file's aliases make it too large");
        return this.notes.problems.length === before;
    }

    private findTargets(): void {
        const anchors = new Map<string, Node>();
        visit(this.document, {
            Node: (_, node) => {
                if (isAlias(node)) {
                    const target = anchors.get(node.source);
                    if (target) this.targets.set(node, target);
                } else if (node.anchor) anchors.set(node.anchor, node as Node);
            },
        });
    }

    /** Works on what the user wrote; what has no aliases in it stays the very same nodes. */
    private inPlace(node: Node): Node {
        if (isAlias(node)) return this.copy(node);
        this.within(node, () => {
            if (isSeq(node)) node.items = (node.items as Node[]).map((item) => this.inPlace(item));
            if (isMap(node)) node.items = this.pairsOf(node, (value) => this.inPlace(value));
        });
        return node;
    }

    private copy(node: Node): Node {
        if (++this.nodes > MOST_NODES) return new Scalar("");
        if (isAlias(node)) {
            const target = this.targets.get(node);
            if (!target) {
                this.notes.problem(node, `the alias *${node.source} names nothing`);
                return new Scalar("");
            }
            return this.copy(target);
        }
        if (isScalar(node)) {
            const scalar = node.clone() as Scalar;
            delete scalar.anchor;
            return scalar;
        }
        const made = isSeq(node) ? new YAMLSeq() : new YAMLMap();
        const { flow, comment, commentBefore, range, tag } = node as YAMLMap | YAMLSeq;
        Object.assign(made, { flow, comment, commentBefore, range, tag });
        this.within(node, () => {
            if (isSeq(node)) made.items = (node.items as Node[]).map((item) => this.copy(item));
            if (isMap(node)) made.items = this.pairsOf(node, (value) => this.copy(value));
        });
        return made;
    }

    /** Work on what a node contains, unless that is the node itself. */
    private within(node: Node, work: () => void): void {
        if (this.open.has(node)) {
            this.notes.problem(node, "an alias stands inside what it is an alias of");
            return;
        }
        this.open.add(node);
        work();
        this.open.delete(node);
    }

    /** A map's own keys, then those that it merges and does not have. */
    private pairsOf(map: YAMLMap, value: (node: Node) => Node): Pair[] {
        const own = map.items.filter(({ key }) => !isMerge(key));
        const made = own.flatMap((pair) => {
            const key = isAlias(pair.key) ? this.copy(pair.key) : pair.key;
            if (!isScalar(key)) {
                this.notes.problem(key as Node, "a key must be a text");
                return [];
            }
            const content = pair.value as Node | null;
            const next = content ? value(content) : content;
            // What the user wrote stays the same pair, with its comments.
            if (key === pair.key && next === content) return [pair];
            return [new Pair(key.clone(), next)];
        });
        const has = new Set(made.map(({ key }) => textOf(key as Scalar)));
        for (const merge of map.items.filter(({ key }) => isMerge(key)))
            for (const source of this.mergedMaps(merge.value as Node | null))
                for (const pair of source.items) {
                    const name = textOf(pair.key as Scalar);
                    if (has.has(name)) continue;
                    has.add(name);
                    made.push(pair);
                }
        return made;
    }

    private mergedMaps(node: Node | null): YAMLMap<unknown, unknown>[] {
        const content = node && this.copy(node);
        const list = isSeq(content) ? (content.items as Node[]) : [content];
        if (list.every((item) => isMap(item))) return list;
        this.notes.problem(node ?? undefined, "a merge key (<<) takes a map, or a list of maps");
        return [];
    }
}

function isMerge(key: unknown): boolean {
    return isScalar(key) && key.type === Scalar.PLAIN && key.value === "<<";
}
