package edge.bundle

import edge.text.hexOf
import edge.text.shown
import java.security.MessageDigest

internal const val DIGEST_DIGITS = 64
internal const val SIGNATURE_DIGITS = 128
internal const val CHUNK = 1 shl 16
internal const val MOST_BYTES = 1L shl 30
private const val MOST_FILES = 200
private const val MOST_RATIO = 200L
private const val ANY_RATIO = 1L shl 20
private const val MOST_TOTAL_RATIO = 50L
private const val ANY_TOTAL_RATIO = 1L shl 24
private const val SIGNED = "edge-ranker/bundle\n"

/** A scanned archive. [sha256] is that of the whole file; [signed] says that it has a signature, not whose. */
internal class Archive(
    @JvmField val source: Source,
    @JvmField val sha256: String,
    @JvmField val entries: Map<String, Entry>,
    @JvmField val signed: Boolean,
)

/**
 * The archive's entries after checking its digest, its signature and its layout (BUNDLE.md, sections 4 to 6).
 *
 * With a key, an archive that its owner did not sign is refused before anything but its end record is parsed.
 */
internal fun scan(source: Source, publicKey: PublicKey?): Archive {
    if (source.size > MOST_BYTES) throw source.refused("it has more than $MOST_BYTES bytes")
    val comment = readComment(source)
    val sha256 = checkDigest(source, comment)
    checkSignature(source, comment, publicKey)
    val entries = readDirectory(source, comment.length)
    return Archive(source, sha256, entries.associateBy { it.name }, comment.length > DIGEST_DIGITS)
}

private fun readComment(source: Source): String {
    for (digits in intArrayOf(DIGEST_DIGITS, DIGEST_DIGITS + SIGNATURE_DIGITS)) {
        val at = source.size - END_SIZE - digits
        if (at < 0) continue
        val end = source.bytes(at, END_SIZE)
        if (integerAt(end, 0) == 0x06054B50L && shortAt(end, END_SIZE - 2) == digits) {
            return String(source.bytes(at + END_SIZE, digits), Charsets.ISO_8859_1)
        }
    }
    throw source.refused("altered, truncated or not a bundle (its end record is not where it must be)")
}

private fun checkDigest(source: Source, comment: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    val chunk = ByteArray(CHUNK)
    var at = 0L
    val size = source.size - comment.length
    while (at < size) {
        val count = minOf(CHUNK.toLong(), size - at).toInt()
        source.read(at, chunk, 0, count)
        digest.update(chunk, 0, count)
        at += count
    }
    val found = hexOf((digest.clone() as MessageDigest).digest())
    if (found != comment.take(DIGEST_DIGITS)) throw source.refused("altered (its bytes do not match their SHA-256)")
    return hexOf(digest.digest(comment.toByteArray(Charsets.ISO_8859_1)))
}

private fun checkSignature(source: Source, comment: String, publicKey: PublicKey?) {
    if (!comment.all { it in '0'..'9' || it in 'a'..'f' }) throw source.refused("its signature is not made of hex digits")
    if (publicKey == null) return
    val signature = comment.drop(DIGEST_DIGITS)
    if (signature.isEmpty()) {
        throw source.refused("it is not signed, and only a signed bundle is wanted", "edge sign BUNDLE --key PRIVATE.pem")
    }
    val message = (SIGNED + comment.take(DIGEST_DIGITS)).toByteArray(Charsets.US_ASCII)
    if (!publicKey.accepts(message, bytesOf(signature))) {
        throw source.refused("it is not signed with the key that is wanted", "get it from who has the private key")
    }
}

/** Entries in the file's order; headers and data must tile the archive without a gap. */
private fun readDirectory(source: Source, comment: Int): List<Entry> {
    val at = source.size - END_SIZE - comment
    val end = source.bytes(at, END_SIZE)
    val count = shortAt(end, 10)
    val length = integerAt(end, 12)
    val start = integerAt(end, 16)
    if (count > MOST_FILES) throw source.refused("it has $count files, more than $MOST_FILES")
    if (!end.contentEquals(endRecord(count, length, start, comment))) throw source.refused("its end record is malformed")
    if (start + length != at || length > MOST_FILES * (CENTRAL_SIZE + 200L)) {
        throw source.refused("its central directory is not where it must be")
    }
    val directory = source.bytes(start, length.toInt())
    val entries = ArrayList<Entry>()
    var position = 0
    var offset = 0L
    repeat(count) {
        val entry = entryAt(source, directory, position, offset)
        val local = localHeader(entry)
        if (entry.offset + entry.compressed > start || !source.bytes(offset, local.size).contentEquals(local)) {
            throw source.refused("the header of ${shown(entry.name)} contradicts the central directory")
        }
        entries.add(entry)
        position += CENTRAL_SIZE + entry.name.length
        offset = entry.offset + entry.compressed
    }
    if (position != directory.size || offset != start) throw source.refused("it holds bytes that belong to no file")
    if (clash(entries.map { it.name })) throw source.refused("two of its files have the same name, or one lies in another")
    checkTotal(source, entries.sumOf { it.bytes })
    return entries
}

private fun entryAt(source: Source, directory: ByteArray, position: Int, offset: Long): Entry {
    if (directory.size - position < CENTRAL_SIZE) throw source.refused("its central directory is truncated")
    val length = shortAt(directory, position + 28)
    if (length > directory.size - position - CENTRAL_SIZE) throw source.refused("its central directory is truncated")
    val name = String(directory, position + CENTRAL_SIZE, length, Charsets.ISO_8859_1)
    val compressed = integerAt(directory, position + 20)
    val declared = integerAt(directory, position + 24)
    if (!isFileName(name)) throw source.refused("${shown(name)} is not an allowed file name")
    if (declared > MOST_BYTES || (declared > ANY_RATIO && declared > MOST_RATIO * compressed)) {
        throw source.refused("${shown(name)} declares $declared bytes, more than the limits allow")
    }
    val entry = Entry(name, integerAt(directory, position + 16), compressed, declared, offset + LOCAL_SIZE + length)
    val found = directory.copyOfRange(position, position + CENTRAL_SIZE + length)
    if (!found.contentEquals(centralHeader(entry))) throw source.refused("the central header of ${shown(name)} is malformed")
    return entry
}

/** Refuses files that are each small enough, but together a bomb. */
internal fun checkTotal(source: Source, total: Long) {
    val allowed = minOf(MOST_BYTES, maxOf(ANY_TOTAL_RATIO, MOST_TOTAL_RATIO * source.size))
    if (total > allowed) throw source.refused("its files declare $total bytes, more than the limit of $allowed")
}

/** The bytes of lower-case hex digits. */
internal fun bytesOf(hex: String): ByteArray =
    ByteArray(hex.length / 2) { hex.substring(2 * it, 2 * it + 2).toInt(16).toByte() }
