// Key files that engines wrote, and what swarmkit itself makes of them without an unlock key. The swarms are gone: these keys
// open nothing.

/** A locked manager's key file. */
export interface RecordedKeyFile {
    /** Who wrote it. */
    writer: string;
    unlockKey: string;
    locked: string;
    opened: string;
}

export const RECORDED_KEY_FILES: readonly RecordedKeyFile[] = [
    {
        writer: "Docker 20.10.24",
        unlockKey: "SWMKEY-1-wmpRMBO+Xm7utChyQf69czSt6QlDz+x3WW0YICVXxKY",
        locked: `-----BEGIN ENCRYPTED PRIVATE KEY-----
kek-version: 10
raft-dek: CAESMHpQVNAOhbkhvtuDa3r7BlSj1mruoQd38tPhRC14J/XtDy6c1U26JJ6Sfox0ZUzHtBoYGe+LEIJfokDnjsgYQLy23kF0/XM1ygC8

MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAiB/jJSOM0ZUQICCAAw
HQYJYIZIAWUDBAEqBBDw3EyFZpJ+qh7OT4O5BIM3BIGQi9uqqi3MdKC2qURe3I0b
HjVljHrgP27e0QGbgApYYwPqpB8m+AqD39dEx8X0c0mRbks9tN9W3aPgHtgA+vta
63BGVT9mXMUrwnPeVn0euJTJ5q1wsK5z9HIMdrq9e4ADPuuYHojW7hjTW3/O4wDp
q1DV7F6Rk+7K46pwtO5cASfWuN4os9oHT5HG7ZSKJJuv
-----END ENCRYPTED PRIVATE KEY-----
`,
        opened: `-----BEGIN PRIVATE KEY-----
kek-version: 0
raft-dek: EiDcd1lDLBkIFvmo1MaCT/WR5CnRyVvV/BeitK+4I+5XRA==

MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgme/S/zcqmoGHCae2
Pbqa9w/7CPoknz3m1UaYqKJ/4JOhRANCAATrd+u3BAkEW7fi6iBaMtyKBuhtInhx
TQIZlwOgkheqyo/b4YQolDCvI3ZAskwYimNGfXBxZJaHkvjAoNdAYjri
-----END PRIVATE KEY-----
`,
    },
    {
        writer: "Docker 26.1.5",
        unlockKey: "SWMKEY-1-6YBnkqzmehoTTJOQWSc+KKohA63QjEIpcQxoq7jYAx8",
        locked: `-----BEGIN ENCRYPTED PRIVATE KEY-----
kek-version: 10
raft-dek: CAESMMtJi0ghkfZZptvuwTiHu8tsez/zehSD8f7oCrXrSHjLY9yeMO/omhjz6OPZAgGmNRoYHLVrl9T2oCSt6kuAbKdqxvLHo8guPQ/u

MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAh+rcRipsPAyQICCAAw
HQYJYIZIAWUDBAEqBBDcNQwXx/zzXLT8lXR7g5TTBIGQ+V/A8+MWn+z1fnU3DIqv
q26BjSgoR6jqv+blfaw27YU+vr+Eoe78j97+nxTsj9kWdlnNTgQf9uojo/qAwLnn
HkBovBHGnrYLkE0hHoq2KtOQd63ZG38zrIaLexqq0Glo06/6ceGzsgs/nR8yD6K5
LBdwA9mkWEzKFMnHdcOCFAZV3Ie2NqXN8ocPdsEuo1uO
-----END ENCRYPTED PRIVATE KEY-----
`,
        opened: `-----BEGIN PRIVATE KEY-----
kek-version: 0
raft-dek: EiCFS56TI/b8FqZSha0EqQHxyY7VmL4NlmTiXZXtI0B9bQ==

MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgC5eJ5+T86JNdg0xb
khIWoHzgYS5vPDHMCQnUCac12hOhRANCAARpL2oio0KtC1nm7l4bH67KQZmbmyaZ
p/QoHtctNceQvSRyGx2hjgrQPIUZMEVP4I7yNlhKWNjUbhMymlbRMegZ
-----END PRIVATE KEY-----
`,
    },
    {
        writer: "Docker 28.5.2",
        unlockKey: "SWMKEY-1-2Fa7RG5NyxRzZCkxBMBLy4Xz9ZdV7nXHjYEUl4HzoRk",
        locked: `-----BEGIN ENCRYPTED PRIVATE KEY-----
kek-version: 23
raft-dek: CAESMCfnIAPGKjuHqw+JPWu+ww9ub6xvyBZoTSbq+Yb0C6/6p5JzGt8adMd48YLOeOeKXBoYF0skXkvEyyT83LLbM+uj1hyzZnXygetR

MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAgNUJLRofyk1gICCAAw
HQYJYIZIAWUDBAEqBBDHY7W3gmBEc3KvxoJfqWv0BIGQ8eftXptEdQ/175/Iu0rG
Ir1Y4+eIJoYwUiw+NL4dLnpU9kuLiXNH1andZYeyXccX8fPzBoAFSJRkQZ2bXmb6
WsPkJ3n7WBfcKBoy+pU8tEOC5e6Vw8yh5vGG+IcAfvyYkXhO1fJ6oFcpSoOGAHvD
eGEP4U5O3UIzZzZEtEb1Zj3wvC6g3wlhQ6RcrjtEKLhr
-----END ENCRYPTED PRIVATE KEY-----
`,
        opened: `-----BEGIN PRIVATE KEY-----
kek-version: 0
raft-dek: EiDDBeEuTn07K8T7sMoQuXITLCJpYG371qmz9otzDHTnNQ==

MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZykfOtGrIZnecDeQ
nXYMtm4quhgQS22P63FqkehdAxyhRANCAASWQzij5eHTd0XJdiFKwMNxGDmSJPbs
owoxRtzLKtgvmzj8hlKLNhR2zAFAGTccGNm8P4h4xpOrvNb7ph/i7hrd
-----END PRIVATE KEY-----
`,
    },
];
