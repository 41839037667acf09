package edge.bundle

import java.io.ByteArrayOutputStream

internal const val LOCAL_SIZE = 30
internal const val CENTRAL_SIZE = 46
internal const val END_SIZE = 22

/** A file of an archive; [offset] is that of its data. */
internal class Entry(
    @JvmField val name: String,
    @JvmField val crc: Long,
    @JvmField val compressed: Long,
    @JvmField val bytes: Long,
    @JvmField val offset: Long,
)

/** The headers that an archive must have, byte for byte (BUNDLE.md, section 4); all numbers little-endian. */
internal fun localHeader(entry: Entry): ByteArray = HeaderBytes()
    .integer(0x04034B50L).shorts(20, 0, 8, 0, 0x21)
    .integer(entry.crc).integer(entry.compressed).integer(entry.bytes)
    .shorts(entry.name.length, 0).text(entry.name).toByteArray()

internal fun centralHeader(entry: Entry): ByteArray = HeaderBytes()
    .integer(0x02014B50L).shorts(3 shl 8 or 20, 20, 0, 8, 0, 0x21)
    .integer(entry.crc).integer(entry.compressed).integer(entry.bytes)
    .shorts(entry.name.length, 0, 0, 0, 0).integer(0x81A4L shl 16) // a regular file, 0644
    .integer(entry.offset - LOCAL_SIZE - entry.name.length).text(entry.name).toByteArray()

internal fun endRecord(count: Int, length: Long, start: Long, comment: Int): ByteArray = HeaderBytes()
    .integer(0x06054B50L).shorts(0, 0, count, count).integer(length).integer(start).shorts(comment).toByteArray()

private class HeaderBytes {
    private val out = ByteArrayOutputStream()

    fun integer(value: Long): HeaderBytes {
        for (shift in 0..24 step 8) out.write((value shr shift).toInt() and 255)
        return this
    }

    fun shorts(vararg values: Int): HeaderBytes {
        for (value in values) {
            out.write(value and 255)
            out.write(value shr 8 and 255)
        }
        return this
    }

    fun text(value: String): HeaderBytes {
        for (char in value) out.write(char.code)
        return this
    }

    fun toByteArray(): ByteArray = out.toByteArray()
}

internal fun shortAt(data: ByteArray, at: Int): Int = (data[at].toInt() and 255) or (data[at + 1].toInt() and 255 shl 8)

internal fun integerAt(data: ByteArray, at: Int): Long = shortAt(data, at).toLong() or (shortAt(data, at + 2).toLong() shl 16)
