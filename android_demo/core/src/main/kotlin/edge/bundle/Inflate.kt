package edge.bundle

import edge.text.shown
import java.io.OutputStream
import java.util.zip.CRC32
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/** Writes a file's decompressed bytes, never more than it declares. Errors: data that contradict the header. */
internal fun inflate(source: Source, entry: Entry, out: OutputStream) {
    val inflater = Inflater(true)
    try {
        val read = inflateAll(source, entry, inflater, out)
        if (read != entry.compressed || inflater.remaining > 0) throw wrong(source, entry, "has bytes behind its end")
    } catch (error: DataFormatException) {
        throw wrong(source, entry, "cannot be read (${error.message})")
    } finally {
        inflater.end()
    }
}

/** How many compressed bytes were read. */
private fun inflateAll(source: Source, entry: Entry, inflater: Inflater, out: OutputStream): Long {
    val input = ByteArray(CHUNK)
    val output = ByteArray(CHUNK)
    val crc = CRC32()
    var read = 0L
    var produced = 0L
    while (!inflater.finished()) {
        if (inflater.needsInput()) {
            val count = minOf(CHUNK.toLong(), entry.compressed - read).toInt()
            if (count == 0) throw wrong(source, entry, "is truncated")
            source.read(entry.offset + read, input, 0, count)
            inflater.setInput(input, 0, count)
            read += count
        }
        if (inflater.needsDictionary()) throw wrong(source, entry, "needs a dictionary")
        // One byte more than declared is enough to see that the header is wrong.
        val count = inflater.inflate(output, 0, minOf(CHUNK.toLong(), entry.bytes - produced + 1).toInt())
        produced += count
        if (produced > entry.bytes) throw wrong(source, entry, "holds more than the ${entry.bytes} bytes it declares")
        crc.update(output, 0, count)
        out.write(output, 0, count)
    }
    if (produced != entry.bytes || crc.value != entry.crc) throw wrong(source, entry, "does not match its header")
    return read
}

private fun wrong(source: Source, entry: Entry, what: String) = source.refused("the data of ${shown(entry.name)} $what")
