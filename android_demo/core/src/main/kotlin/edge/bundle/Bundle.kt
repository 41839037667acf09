package edge.bundle

import edge.EdgeError
import edge.text.TextEncoder
import edge.text.TextSpec
import edge.text.Texts
import edge.text.WordPiece
import edge.text.hexOf
import edge.text.readTextSpec
import edge.text.shown
import edge.weights.Tensor
import edge.weights.fill
import edge.weights.unpack
import java.io.ByteArrayOutputStream
import java.io.OutputStream
import java.security.MessageDigest

private const val MOST_MANIFEST = 256 shl 10

/** A bundle whose every byte was checked when it was opened (BUNDLE.md, section 5). */
internal class Bundle private constructor(private val archive: Archive, val manifest: Manifest) {
    private val listed = manifest.files.associateBy { it.path }
    val sha256: String get() = archive.sha256
    val signed: Boolean get() = archive.signed
    val engines: List<String> get() = ENGINES.filter { engine -> manifest.files.any { it.section == "model:$engine" } }

    /** The SHA-256 that the manifest lists for `weights.bin`, empty without it. */
    val weightsSha256: String get() = listed[WEIGHTS]?.sha256.orEmpty()

    private var unpacked: Map<String, Tensor>? = null

    /** Every parameter of the model by name; none if the bundle packs none. Unpacked once, until [releaseWeights]. */
    val weights: Map<String, Tensor>
        get() = unpacked ?: (if (WEIGHTS in listed) refusing { unpack(read(WEIGHTS)) } else emptyMap()).also { unpacked = it }

    /** An engine that was made of the weights has them in a form of its own. */
    fun releaseWeights() {
        unpacked = null
    }

    /** One file's bytes, checked again: the archive may have been replaced since it was opened. */
    fun read(path: String): ByteArray {
        val out = ByteArrayOutputStream(listed.getValue(path).bytes.toInt())
        write(listed.getValue(path), out)
        return out.toByteArray()
    }

    /** What an installation consists of (BUNDLE.md, section 7), the manifest apart. */
    val installable: List<BundleFile> get() = manifest.files.filter { it.path != WEIGHTS }

    val manifestBytes: ByteArray by lazy { manifestBytes(archive) }

    /** Writes a file, its holes filled. Errors, after the last byte: it is not what the manifest lists. */
    fun write(file: BundleFile, out: OutputStream) {
        val digest = MessageDigest.getInstance("SHA-256")
        val digesting = DigestingStream(digest, out)
        val entry = archive.entries.getValue(file.path)
        if (file.holes.isEmpty()) {
            inflate(archive.source, entry, digesting)
        } else {
            val rest = ByteArrayOutputStream(entry.bytes.toInt())
            inflate(archive.source, entry, rest)
            refusing { fill(rest.toByteArray(), file.holes, weights, file.bytes, digesting) }
        }
        if (hexOf(digest.digest()) != file.sha256) {
            throw archive.source.refused("${file.path} does not match its SHA-256 in $MANIFEST")
        }
    }

    /** The text side of the model. Errors: `text.json` or `vocab.txt` is none, or contradicts the manifest. */
    fun texts(): Pair<TextSpec, Texts> = refusing {
        val spec = readTextSpec(read("text.json"))
        val wordPiece = WordPiece.read(read("vocab.txt"))
        val shape = manifest.shape
        if (spec.numbers.size != shape.numbers) throw EdgeError("text.json has ${spec.numbers.size} numbers, not ${shape.numbers}")
        if (wordPiece.size != shape.vocabulary) throw EdgeError("vocab.txt has ${wordPiece.size} tokens, not ${shape.vocabulary}")
        if (spec.maxSegmentTokens > shape.positions) throw EdgeError("text.json has segments of more tokens than the model")
        spec to Texts(spec, TextEncoder(wordPiece, spec.lowercase))
    }

    private fun checkAll() {
        for (file in manifest.files) write(file, Nowhere)
    }

    private inline fun <T> refusing(action: () -> T): T = try {
        action()
    } catch (error: EdgeError) {
        if (error.problem.startsWith(archive.source.name)) throw error
        throw archive.source.refused(listOf(error.problem, error.evidence).filter { it.isNotEmpty() }.joinToString("; "))
    }

    internal companion object {
        /** Every file decompressed and checked once. With a key, a bundle that its owner did not sign is refused. */
        fun open(source: Source, publicKey: PublicKey? = null): Bundle {
            val archive = scan(source, publicKey)
            val bundle = try {
                Bundle(archive, manifestOf(manifestBytes(archive)))
            } catch (error: EdgeError) {
                if (error.problem.startsWith(source.name)) throw error
                throw source.refused(error.problem, error.fix)
            }
            bundle.checkListing()
            bundle.checkAll()
            return bundle
        }

        private fun manifestBytes(archive: Archive): ByteArray {
            val entry = archive.entries[MANIFEST] ?: throw archive.source.refused("it has no $MANIFEST")
            if (entry.bytes > MOST_MANIFEST) throw archive.source.refused("$MANIFEST has more than $MOST_MANIFEST bytes")
            val out = ByteArrayOutputStream(entry.bytes.toInt())
            inflate(archive.source, entry, out)
            return out.toByteArray()
        }
    }

    private fun checkListing() {
        val source = archive.source
        checkTotal(source, manifest.files.sumOf { it.bytes })
        for (name in archive.entries.keys - listed.keys - MANIFEST) throw source.refused("${shown(name)} is not listed")
        for (file in manifest.files) {
            val size = archive.entries[file.path]?.bytes ?: throw source.refused("${file.path} is listed but missing")
            if (size > file.bytes || (size < file.bytes && file.holes.isEmpty())) {
                throw source.refused("${file.path} has $size bytes, $MANIFEST lists ${file.bytes}")
            }
        }
    }
}

private class DigestingStream(private val digest: MessageDigest, private val out: OutputStream) : OutputStream() {
    override fun write(byte: Int) = write(byteArrayOf(byte.toByte()))

    override fun write(bytes: ByteArray, offset: Int, count: Int) {
        digest.update(bytes, offset, count)
        out.write(bytes, offset, count)
    }
}

private object Nowhere : OutputStream() {
    override fun write(byte: Int) = Unit

    override fun write(bytes: ByteArray, offset: Int, count: Int) = Unit
}
