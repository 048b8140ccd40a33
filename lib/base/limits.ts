/**
 * Every bound in kith: what a peer, a file or a person can make grow, how far, and why so far. Units are last in
 * the names. Limits that are part of the wire are also in lib/wire/PROTOCOL.md, "Limits". Those of finding and reaching
 * peers have a file of their own.
 */

export * from "./dht_limits.ts";
export * from "./mapping_limits.ts";
export * from "./overlay_limits.ts";
export * from "./punch_limits.ts";
export * from "./public_relay_limits.ts";
export * from "./reach_limits.ts";
export * from "./relay_limits.ts";

/** A key in UTF-8: long enough for paths, short enough that an index page of SQLite holds several. */
export const MAX_KEY_BYTES = 512;
/** A value kept inline; larger ones are for files. Keeps a turn, a frame and a row small. */
export const MAX_VALUE_BYTES = 256 * 1024;
/** A media type such as `text/plain`. */
export const MAX_MEDIA_BYTES = 127;
/** Versions that one operation replaces; a key with more concurrent versions is settled in steps. */
export const MAX_NAMES = 1024;
/** Other parents of one transaction; with more heads, empty merge transactions come first. */
export const MAX_PARENTS = 1024;
/** Operations of one transaction: bounds the Merkle path and the memory to check one. */
export const MAX_OPERATIONS = 4096;
/** Encoded size of one transaction with its values: a turn's 1 MiB and one value more. */
export const MAX_TRANSACTION_BYTES = 1536 * 1024;
/** A frame on a link before the other side has shown that it belongs here. */
export const MAX_STRANGER_FRAME_BYTES = 80 * 1024;
/** A frame on a link between members: one full transaction, or the frontier of some 10,000 writers. */
export const MAX_FRAME_BYTES = 2 * 1024 * 1024;
/** Plaintext of one encrypted record: Noise's 65,535 bytes less the 16 of the tag. */
export const MAX_RECORD_PLAINTEXT_BYTES = 65519;
/** What a link holds to be sent before it is closed as overloaded: a peer that does not read costs no more. */
export const MAX_SEND_QUEUE_BYTES = 16 * 1024 * 1024;
/** Encrypted bytes handed to the socket at a time: large enough for speed, small enough for live data to overtake. */
export const MAX_PULL_BYTES = 256 * 1024;
/** Time for each step to being a member: each message of the handshake, the proof, and what a joiner and its door say. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Time for all of them: a stranger that dawdles is closed. */
export const MAX_HANDSHAKE_MS = 30_000;
/** After what a stranger showed it is refused: longer than comparing it with what there is, so that time tells nothing. */
export const REFUSE_STRANGER_AFTER_MS = 50;
/** Silence after which a link asks for a sign of life. */
export const KEEPALIVE_AFTER_MS = 5_000;
/** Silence after which a link is dead: a sign of life was asked for and 25 s were not enough to answer. */
export const SILENT_AFTER_MS = 30_000;
/** Silence after which a member is told to be gone; its link stays, since what it carries may only be slow. */
export const SILENCE_TOLD_AFTER_MS = 10_000;
/** Time without a link after which a member is told to be gone: who is linked again within it was not. */
export const GONE_AFTER_MS = 3_000;
/** Ends of a member's links that are told one by one in a row, and how long after each one more may be. */
export const MAX_TOLD_INTERRUPTIONS = 6;
export const TELL_INTERRUPTION_MS = 10_000;
/** Records under one key, after which the sender rekeys: far below ChaCha20-Poly1305's bound. */
export const REKEY_AFTER_RECORDS = 65_536;
/** Bytes under one key: 4 GiB. */
export const REKEY_AFTER_BYTES = 4 * 1024 * 1024 * 1024;
/** Age of a key: one hour. */
export const REKEY_AFTER_MS = 60 * 60 * 1000;
/** Links to members where nothing else is said (`--max-links`): at some 50 kB each, and 12 are enough for most. */
export const DEFAULT_MAX_LINKS = 256;
/** The most that can be said: the digest and the deadline of each link are looked at all the time. */
export const GREATEST_MAX_LINKS = 4096;
/** Inbound links that have not yet shown that they belong here, besides the others: at the most 240 KiB each. */
export const MAX_PENDING_LINKS = 64;
/** Those of them from one address, but loopback: as many machines as come at once from behind one router. */
export const MAX_PENDING_LINKS_OF_ADDRESS = 16;
/** Handshakes that strangers of one address may begin in a second, and in a burst: each costs 1 ms of work. */
export const MAX_HANDSHAKES_OF_ADDRESS_PER_S = 8;
export const MAX_HANDSHAKE_BURST_OF_ADDRESS = 32;
/** How much more than that from an address at which a member was seen: others may sit behind its router. */
export const KNOWN_ADDRESS_FACTOR = 8;
/** Handshakes that all strangers may begin in a second, and in a burst: a quarter of a core is theirs. */
export const MAX_STRANGER_HANDSHAKES_PER_S = 256;
export const MAX_STRANGER_HANDSHAKE_BURST = 512;
/** Addresses of which it is remembered how often they came; of those that came longest ago it is forgotten. */
export const MAX_REMEMBERED_ADDRESSES = 4096;
/** How often at most the address book alone is cause for a commit: links would come no faster than the disk. */
export const KEEP_BOOK_AFTER_MS = 1000;
/** How long it is remembered where members were seen. */
export const KNOWN_ADDRESSES_KEPT_MS = 5000;
/** Work that a member may make for nothing, in units of some 20 µs: what is useful is free. A tenth of a core. */
export const MAX_WORK_PER_S = 5000;
/** The same at once: half a second of work, and twice what a frontier of a full space costs. */
export const MAX_WORK_BURST = 25_000;
/** Points for misbehaving at which a member is cut: seven links closed for something wrong, or two for too much work. */
export const MISBEHAVIOUR_LIMIT = 100;
/** Time in which half of the points are forgotten. */
export const MISBEHAVIOUR_HALVES_MS = 10 * 60 * 1000;
/** For how long a member is cut: long enough to rest from it, short enough to see soon that it was mended. */
export const MISBEHAVIOUR_CUT_MS = 5 * 60 * 1000;
/** Transactions that wait for their parents, of one link; what is discarded is pulled again. */
export const MAX_WAITING_TRANSACTIONS = 512;
/** Bytes that wait for their parents, of one link. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Writers of one space: bounds the frontier to one frame. */
export const MAX_WRITERS = 8192;
/** Heads of a removed member that a revoke names: its transaction has them as parents, beside the ends of the history. */
export const MAX_NAMED_HEADS = 512;
/** Members and open invites of one space. */
export const MAX_MEMBERSHIP_ACTS = 16_384;
/** A peer's name in UTF-8. */
export const MAX_NAME_BYTES = 64;
/** Addresses in one peer's record. */
export const MAX_ADDRESSES = 16;
/** One address, `host:port`. */
export const MAX_ADDRESS_BYTES = 255;
/** Peer records kept, the newest first to stay. */
export const MAX_PEER_RECORDS = 4096;
/** A stamp further ahead of one's own clock is applied, flagged, and not merged into the clock. */
export const MAX_CLOCK_AHEAD_MS = 10 * 60 * 1000;
/** Operation numbers that one leaf of the digest covers. */
export const DIGEST_LEAF_OPERATIONS = 1024;
/** How often a ticket may be used at most. */
export const MAX_INVITE_USES = 1000;
/** Encoded header of a transaction: `MAX_PARENTS` ids and the fixed fields. */
export const MAX_HEADER_BYTES = 33 * 1024;
/** Heads in one frontier: all writers, and room for forks; such a frontier still fits one frame. */
export const MAX_FRONTIER_HEADS = 16_384;
/** Heads of one writer: one in all honest cases, and one more for each time that a copy of its store was written to. */
export const MAX_WRITER_HEADS = 256;
/** Epoch secrets sealed by one revoke: one for each member that remains. */
export const MAX_SEALED_SECRETS = 8192;
/** One sealed epoch secret: an ephemeral key, the secret, a tag, and room for another way of sealing. */
export const MAX_SEALED_BYTES = 256;
/** A grant's leaf: a prefix as long as a key, and the fixed fields. */
export const MAX_GRANT_LEAF_BYTES = 1024;
/** Hashes of a Merkle path: `MAX_OPERATIONS` is 2^12. */
export const MAX_MERKLE_PATH = 12;
/** Members that a checkpoint names as long absent: as many as a space has writers. */
export const MAX_ABSENT_MEMBERS = 8192;
/** Hashes that stand for the absent operations of a partial transaction: one beside every leaf, at the most. */
export const MAX_PARTIAL_HASHES = 4096;
/** Epoch secrets handed to a joiner. */
export const MAX_EPOCHS = 64;
/** The version of kith that a peer tells. */
export const MAX_VERSION_BYTES = 64;
/** Transactions of one message; at some 250 bytes each, a batch of the smallest still fills a turn. */
export const MAX_MESSAGE_TRANSACTIONS = 4096;
/** Peer records of one message: at their largest they fill half a frame. */
export const MAX_MESSAGE_RECORDS = 256;
/** Records kept of peers whose admission has not come yet: as many as join at a time, and few enough to be junk. */
export const MAX_EARLY_RECORDS = 64;
/** Transactions of which a removed member is told, so that it judges as others do; at 300 bytes each, below one frame. */
export const MAX_FAREWELL_TRANSACTIONS = 2048;
/** Rows that are looked at to find them: a quarter of a second's work, at the most. */
export const MAX_FAREWELL_ROWS = 8192;
/** Ids asked for in one message. */
export const MAX_WANTED = 1024;
/** Versions of which a sketch is made: their short ids take 64 MiB meanwhile. With more, ranges are compared. */
export const MAX_SKETCH_IDS = 4 * 1024 * 1024;
/** Coded symbols of one reconciliation, at 23 bytes each; beyond some 7,000 differences ranges are cheaper. */
export const MAX_SKETCH_SYMBOLS = 16_384;
/** Counts of symbols by which a difference is estimated: within a tenth mostly. */
export const MAX_SKETCH_COUNTS = 256;
/** Nodes of digest trees in one message, at some 14 bytes each: the leaves of 8 million operations. */
export const MAX_TREE_NODES = 8192;
/** Leaves whose live versions are compared in one message, at 130 bytes each: 4 million operations. */
export const MAX_LIVE_LEAVES = 4096;
/** Bulk bytes that wait in a link's queue before a stream pauses: keeps the socket busy, and memory small. */
export const MAX_STREAM_QUEUE_BYTES = 1024 * 1024;
/** Transactions that a stream looks up at a time. */
export const MAX_STREAM_ROWS = 256;
/** Transactions are packed into messages up to this size, so that other messages need not wait long. */
export const MAX_TRANSACTIONS_MESSAGE_BYTES = 256 * 1024;
/** A turn of the host ends after so much time, so that no input waits long for its commit. */
export const MAX_TURN_MS = 4;
/** Work in turns after which the runtime gets to look at its other sockets, which costs 1 ms each time. */
export const REST_AFTER_MS = 50;
/** A turn of the host ends after so many bytes of input; one transaction holds them all. */
export const MAX_TURN_BYTES = 1024 * 1024;
/** The longest a timer can be set for; what is due later is looked at again then. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
/** First size of a connection's read buffers: a handshake fits, and an idle connection costs little. */
export const MIN_READ_BYTES = 2 * 1024;
/** Size to which they grow under load: beyond it, loopback gets no faster. */
export const MAX_READ_BYTES = 256 * 1024;
/** Read buffers of one connection: one is filled while the other waits for its turn. */
export const READ_BUFFERS = 2;
/** Small reads in a row after which the read buffers shrink again. */
export const SHRINK_AFTER_READS = 64;
/** Connections besides those of links: dials under way, and closed ones that wait for the other side to hear of it. */
export const MAX_OTHER_CONNECTIONS = 128;
/** Time for a TCP connection to come about; a host that drops packets does not answer at all. */
export const DIAL_TIMEOUT_MS = 10_000;
/** Addresses of one peer that are dialled at a time: the good one is among the first, as they are in order of promise. */
export const MAX_DIALS_TO_PEER = 4;
/** Time for the last bytes of a connection to leave before it is closed regardless. */
export const CLOSE_TIMEOUT_MS = 2000;
/** Pause before accepting again after the system refused to (out of file descriptors, mostly). */
export const ACCEPT_RETRY_MS = 200;
/** Local requests that wait for their reply. */
export const MAX_PENDING_REQUESTS = 4096;
/** Bytes of the values in them. */
export const MAX_PENDING_REQUEST_BYTES = 64 * 1024 * 1024;
/** Ids of refused or unreadable transactions that are remembered, so that their descendants are known too. */
export const MAX_REFUSED_IDS = 4096;
/** Transactions whose headers the store keeps in memory, at some 2 KiB each; more of them slow the collector down. */
export const MAX_CACHED_TRANSACTIONS = 512;
/** Contexts that the store keeps in memory; there is one for each set of membership acts that somebody wrote under. */
export const MAX_CACHED_CONTEXTS = 1024;
/** Conflicts of each kind that are listed at a time; settle some to see more. */
export const MAX_LISTED_CONFLICTS = 1000;
/** Letters of a version that may stand for all of it: 20 bits, enough among the versions of one key. */
export const MIN_ABBREVIATION_LETTERS = 4;
/** The newest versions of a key among which the beginning of one is looked for: some 50 ms; others are named whole. */
export const MAX_ABBREVIATED_VERSIONS = 4096;
/** A home's configuration file. */
export const MAX_CONFIG_BYTES = 64 * 1024;
/** The log file of a home, of which one older is kept. */
export const MAX_LOG_BYTES = 1024 * 1024;
/** One note of a running peer. */
export const MAX_RUNTIME_NOTE_BYTES = 16 * 1024;
/** Notes looked at: peers that one user runs on one machine. */
export const MAX_RUNTIME_NOTES = 64;
/** Bytes of messages on topics that are kept for neighbours that were only told of them: a second of a busy space. */
export const MAX_KEPT_POSTS_BYTES = 1024 * 1024;
/** Heads of one writer that are remembered of another replica: one in all honest cases. */
export const MAX_FORK_HEADS = 16;
/** Writers that are remembered of another replica: as many as a space has, of its own and of what is sent to it. */
export const MAX_REPLICA_WRITERS = 16_384;
/** How often this machine's addresses are looked at: 0.1 ms each time. */
export const NETWORK_WATCH_MS = 2000;
/** Addresses at which one peer was seen that are remembered: at home, at work, by IPv4 and by IPv6. */
export const MAX_SEEN_ADDRESSES = 4;
/** How long they are remembered of a peer that does not come back: others have them by then. */
export const ADDRESS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** Time after a turn before the store moves its log into its file. */
export const CHECKPOINT_IDLE_MS = 1000;
/** What is copied into a backup at a time. */
export const BACKUP_CHUNK_BYTES = 256 * 1024;
/** Work on a check of the store between two looks at what else there is to do. */
export const VERIFY_SLICE_MS = 3;
/** How often at most a check tells how far it is. */
export const VERIFY_TELL_MS = 200;
/** Damaged records that are listed, and remembered until they are repaired; more are counted. */
export const MAX_LISTED_DAMAGE = 1000;
/** How often at most the number of commits is noted outside of the store. */
export const NOTE_COMMITS_EVERY_MS = 1000;
/** The file in which that is noted: one short line. */
export const MAX_COUNTER_FILE_BYTES = 1024;
/** Events of one kind and reason that are logged one by one in a period; more are counted, and told in one line. */
export const MAX_LOGGED_EVENTS = 100;
/** That period. */
export const LOG_PERIOD_MS = 60_000;
/** Kinds and reasons of events that the log counts so; further ones share one count. */
export const MAX_LOGGED_KINDS = 256;
/** Kinds of events that the host counts. */
export const MAX_EVENT_NAMES = 256;
/** Answers to pings that wait on a link; an honest peer asks once in KEEPALIVE_AFTER_MS. */
export const MAX_WAITING_PONGS = 16;
/** The detail of a close in UTF-8: one short phrase. */
export const MAX_CLOSE_DETAIL_BYTES = 200;
/** A JSON body of the API; bulk comes in lines. */
export const MAX_JSON_BODY_BYTES = 64 * 1024;
/** One line of an import: the largest value with every byte escaped, its key, and what is around them. */
export const MAX_IMPORT_LINE_BYTES = 2 * 1024 * 1024;
/** Writes of one import's batch: they share a signature and, here and wherever they go, a commit. */
export const MAX_WRITES = 2000;
/** Bytes of the keys and values in them: a turn. */
export const MAX_WRITE_BYTES = 1024 * 1024;
/** Entries read at a time; others get their turn in between. */
export const LIST_PAGE_ENTRIES = 64;
/** Changes that wait for a slow watcher, before it is told that it lags. */
export const MAX_WATCH_CHANGES = 10_000;
/** Bytes of the keys and values in them. */
export const MAX_WATCH_BYTES = 16 * 1024 * 1024;
/** Events that wait for a slow watcher of them, before it is told that it lags. */
export const MAX_WATCH_EVENTS = 1000;
/** Runs of a program that wait for those before them, of one command. */
export const MAX_HOOK_WAITING = 10_000;
/** Bytes of what they read. */
export const MAX_HOOK_WAITING_BYTES = 16 * 1024 * 1024;
/** Time that a program has to end once it is asked to, before it is killed. */
export const PROGRAM_END_MS = 2000;
/** A position in base32: a frontier with as many writers and heads as there may be. */
export const MAX_POSITION_BYTES = 2 * 1024 * 1024;
/** Commits without a change for a watcher, after which it is told its position all the same: old ones get lost. */
export const MAX_SILENT_COMMITS = 100;
/** How often at most a waiting command looks whether it holds: the digest costs something. */
export const WAIT_LOOK_MS = 10;
/** A message of the text protocol: what the tutorial's programs read at a time. */
export const MAX_TEXT_MESSAGE_BYTES = 1024;
/** An answer of a program that speaks the text protocol. */
export const MAX_TEXT_REPLY_BYTES = 16 * 1024 * 1024;
/** Connections of the text protocol. */
export const MAX_TEXT_CONNECTIONS = 64;
/** Silence after which such a connection is closed. */
export const TEXT_IDLE_MS = 10 * 60 * 1000;
/** How long an answer of such a program may take to begin. */
export const TEXT_REPLY_MS = 3000;
/** The pause that ends an answer, since nothing else does. */
export const TEXT_PAUSE_MS = 200;
/** Live versions that are hashed for the digest at a time, some 5 ms: others get their turn in between. */
export const DIGEST_SLICE_IDS = 4096;
/**
 * Operations that are undone after a removal, or taken back, in one step, some 20 ms; the rest of one transaction may come
 * on top. Who was removed may have written any number.
 */
export const UNDOING_STEP_OPERATIONS = 512;
/** Operations that are looked at in one step of a compaction: a few milliseconds. */
export const COMPACTION_STEP_OPERATIONS = 512;
/** Operations that must be dead before a checkpoint is proposed: each costs an act for every member. */
export const MIN_DEAD_OPERATIONS = 16;
/** How long after a removal a checkpoint is proposed: removals in a row share one. Doubled with each that came to nothing. */
export const REMOVAL_CHECKPOINT_AFTER_MS = 10_000;
/** How long each admin's peer waits for those before it to renew the epoch after a member left by itself. */
export const RENEW_EPOCH_AFTER_MS = 10_000;
/** Longest pause before the next one, so that nobody can make members write checkpoints without end. */
export const MAX_CHECKPOINT_PAUSE_MS = 60 * 60 * 1000;
/** Absence after which a member is not waited for, where history is kept for less. */
export const MIN_ABSENT_MS = 24 * 60 * 60 * 1000;
/** How often history is looked at, at the most. */
export const MIN_HISTORY_STEP_MS = 1000;
/** Notes of how much was held when: the resolution at which history goes. */
export const MAX_HISTORY_MARKS = 64;
/** How long what was replaced is kept where nothing else is said: 30 days. */
export const DEFAULT_HISTORY_MS = 30 * 24 * 60 * 60 * 1000;
/** Public keys that are kept imported, of the latest signers, at some 1 KiB each. */
export const MAX_KEPT_KEYS = 256;
/** Leaves of one message: at some 90 bytes each. */
export const MAX_MESSAGE_LEAVES = 4096;
/** Leaves of the state inside one checkpoint that a peer compares: 256 million operations. */
export const MAX_PAST_LEAVES = 262_144;
/** Versions of one leaf: its 1,024 numbers, and room for writers that used numbers again. */
export const MAX_LEAF_VERSIONS = 8192;
/** Leaves that are asked for at a time. */
export const MAX_ASKED_LEAVES = 16;
/** A topic in UTF-8: as a key. */
export const MAX_TOPIC_BYTES = 512;
/** What one message on a topic carries: with its topic it fits into one sealed box, which is one message of Noise. */
export const MAX_POST_BYTES = 60 * 1024;
/** Messages that travel under one signature: at some 16 bytes each, a batch of the smallest is full. */
export const MAX_BATCH_POSTS = 4096;
/** Bytes of them as they are written: what fits into one sealed box. */
export const MAX_BATCH_BYTES = 63 * 1024;
/** Batches that are remembered, so that none is taken twice: some seconds of the most that a core takes. */
export const MAX_SEEN_BATCHES = 8192;
/** Runs of one sender whose numbers are remembered: what was on its way when it was started anew still counts. */
export const MAX_SENDER_RUNS = 4;
/** How long a message that comes too early is held for what is before it: some round trips by another way. */
export const POST_HOLD_MS = 500;
/** Batches that are held of one run of a sender: what one makes in that time that sends 2,000 a second, one by one. */
export const MAX_HELD_BATCHES = 1024;
/** Bytes of all batches that are held. */
export const MAX_HELD_BATCH_BYTES = 8 * 1024 * 1024;
/** Bytes of messages on topics that wait for one link: some seconds on a slow one; the oldest give way, and are counted. */
export const MAX_POST_QUEUE_BYTES = 4 * 1024 * 1024;
/** Those of them that lie in the link's live lane: enough for the socket, little enough for live data to come through. */
export const MAX_LIVE_POSTS_BYTES = 128 * 1024;
/** Who publishes here goes on when no more than so many bytes wait for the fastest link. */
export const RESUME_POSTS_BYTES = 256 * 1024;
/** Messages that wait for a slow subscriber; the oldest give way, and it is told how many. */
export const MAX_SUBSCRIPTION_POSTS = 65_536;
/** Bytes of them. */
export const MAX_SUBSCRIPTION_BYTES = 16 * 1024 * 1024;
/** Questions of this peer that wait for an answer. */
export const MAX_OPEN_QUESTIONS = 1024;
/** Questions of others that may be answered; the oldest give way. */
export const MAX_HEARD_QUESTIONS = 4096;
/**
 * How long it is waited for word that a message came, once it went by others' links: some seconds, over several of them.
 * What is kept for a link to come first (RELAYED_POSTS_KEPT_MS) has that time besides, in whole seconds.
 */
export const RECEIPT_TIMEOUT_MS = 5000;
/** How long a question can wait for an answer: a day, so that it fits into a timer. */
export const MAX_QUESTION_MS = 24 * 60 * 60 * 1000;
