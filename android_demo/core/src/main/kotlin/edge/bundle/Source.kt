package edge.bundle

import edge.EdgeError
import java.io.Closeable
import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** Where the bytes of a bundle are: a file, a part of an open file (an asset that is not compressed), or a buffer. */
public class Source private constructor(
    internal val name: String,
    internal val size: Long,
    private val readAt: (ByteBuffer, Long) -> Int,
    private val closing: Closeable?,
) : Closeable {
    /** Fills a part of [target] with the bytes from [offset] on. Errors: they are not there. */
    internal fun read(offset: Long, target: ByteArray, begin: Int = 0, count: Int = target.size) {
        if (offset < 0 || count > size - offset) throw refused("it ends too early")
        val buffer = ByteBuffer.wrap(target, begin, count)
        try {
            while (buffer.hasRemaining()) {
                if (readAt(buffer, offset + buffer.position() - begin) <= 0) throw refused("it shrank while it was read")
            }
        } catch (error: IOException) {
            throw refused("it cannot be read (${error.message})")
        }
    }

    internal fun bytes(offset: Long, count: Int): ByteArray = ByteArray(count).also { read(offset, it) }

    internal fun refused(reason: String, fix: String = "export it again, or copy it again from where it was made") =
        EdgeError("$name refused: $reason", fix = fix)

    override fun close() {
        closing?.close()
    }

    public companion object {
        /** Errors: no regular file that can be read. */
        public fun file(file: File): Source {
            if (!file.isFile) throw EdgeError("$file refused: not a regular file", fix = "give the path of an .edge file")
            val channel = try {
                FileInputStream(file).channel
            } catch (error: IOException) {
                throw EdgeError("$file cannot be read", error.message.orEmpty())
            }
            return Source(file.path, channel.size(), { buffer, at -> channel.read(buffer, at) }, channel)
        }

        /** The [length] bytes from [offset] on of an open file, of which no other byte is read; it stays open. */
        public fun descriptor(descriptor: FileDescriptor, offset: Long, length: Long): Source {
            val channel: FileChannel = FileInputStream(descriptor).channel
            if (offset < 0 || length < 0 || length > channel.size() - offset) {
                throw EdgeError("the descriptor has no bytes $offset to ${offset + length}", fix = "pass startOffset and length")
            }
            return Source("the bundle", length, { buffer, at -> channel.read(buffer, offset + at) }, null)
        }

        /** The bytes between a buffer's position and its limit; nobody may change them while the bundle is open. */
        public fun buffer(buffer: ByteBuffer): Source {
            val whole = buffer.slice()
            return Source("the bundle", whole.remaining().toLong(), { target, at -> copy(whole, target, at) }, null)
        }

        private fun copy(whole: ByteBuffer, target: ByteBuffer, at: Long): Int {
            val part = whole.duplicate()
            part.position(at.toInt())
            part.limit(at.toInt() + minOf(target.remaining(), part.remaining()))
            val count = part.remaining()
            target.put(part)
            return count
        }
    }
}
