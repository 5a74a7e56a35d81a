// Tags in the forms that Pulumi and AWS have for them.
import type { ResourceType, Tag } from "@aws-sdk/client-ec2";
import type { Props } from "../../../providers/runtime/types";
import type { Aws } from "./clients";

type Tags = Record<string, string>;
type TagList = { Key: string; Value: string }[];

/** Tags as AWS's requests take them. */
export function tagList(tags: Tags = {}): TagList {
    return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as outputs, without those that AWS itself sets. */
export function tagOutputs(found: readonly Partial<Tag>[] = []): { tags: Tags; tagsAll: Tags } {
    const tags = Object.fromEntries(
        found.flatMap(({ Key = "", Value = "" }) => (Key.startsWith("aws:") ? [] : [[Key, Value]])),
    );
    return { tags, tagsAll: tags };
}

/** The tags of a new resource of that type. */
export function tagSpecification(type: ResourceType, { tags }: Props) {
    const list = tagList(tags);
    return list.length === 0 ? [] : [{ ResourceType: type, Tags: list }];
}

/** Removes the tags that the program no longer has, and sets those that are new or changed. */
export async function changeTags(
    { tags: olds = {} }: Props,
    { tags: news = {} }: Props,
    remove: (keys: string[]) => Promise<unknown>,
    set: (tags: TagList) => Promise<unknown>,
): Promise<void> {
    const removed = Object.keys(olds as Tags).filter((key) => !(key in news));
    const changed = tagList(news).filter(({ Key, Value }) => olds[Key] !== Value);
    if (removed.length > 0) await remove(removed);
    if (changed.length > 0) await set(changed);
}

/** Changes the tags of one of EC2's resources. */
export function retag({ ec2 }: Aws, id: string, olds: Props, news: Props): Promise<void> {
    const Resources = [id];
    return changeTags(
        olds,
        news,
        (keys) => ec2.deleteTags({ Resources, Tags: keys.map((Key) => ({ Key })) }),
        (Tags) => ec2.createTags({ Resources, Tags }),
    );
}
