package edge.bundle

import edge.REPOSITORY
import edge.hex
import edge.jsonOf
import edge.objectOf
import edge.refusal
import edge.text.hexOf
import java.io.File
import java.io.FileInputStream
import java.nio.ByteBuffer
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.fail

class BundleVectorsTest {
    private val folder = REPOSITORY.resolve("edge/bundle/vectors")

    @Test
    fun `every bundle is accepted, or refused at its step or an earlier one`() {
        val steps = listOf("read", "open", "replay")
        for (vector in jsonOf("edge/bundle/vectors/index.json") as List<*>) {
            val entry = objectOf(vector)
            val file = entry["file"] as String
            val key = (entry["public_key"] as String?)?.let { PublicKey.ofBytes(hex(it)) }
            val refused = stepThatRefuses(folder.resolve(file), key)
            if (entry["verdict"] == "accept") {
                assertEquals(null, refused, file)
            } else if (refused == null || steps.indexOf(refused) > steps.indexOf(entry["step"])) {
                fail("$file must be refused at ${entry["step"]}, not at $refused")
            }
        }
    }

    private fun stepThatRefuses(file: File, key: PublicKey?): String? {
        var step = "read"
        try {
            Source.file(file).use { source ->
                val bundle = Bundle.open(source, key)
                step = "open"
                val (spec, texts) = bundle.texts()
                step = "replay"
                Golden(bundle.manifest, bundle.read("golden.jsonl"), spec, texts).replayTexts()
            }
        } catch (error: edge.EdgeError) {
            return step
        }
        return null
    }

    @Test
    fun `a bundle inside another file and a buffer read as the file itself`() {
        val bytes = folder.resolve("signed.edge").readBytes()
        val whole = File.createTempFile("edge", ".apk")
        try {
            whole.writeBytes(ByteArray(7) { 80 } + bytes + ByteArray(11) { 75 })
            FileInputStream(whole).use { stream ->
                val source = Source.descriptor(stream.fd, 7, bytes.size.toLong())
                assertEquals(hexOf(java.security.MessageDigest.getInstance("SHA-256").digest(bytes)), Bundle.open(source).sha256)
                refusal("a byte less") { Bundle.open(Source.descriptor(stream.fd, 7, bytes.size - 1L)) }
                refusal("a byte more") { Bundle.open(Source.descriptor(stream.fd, 7, bytes.size + 1L)) }
                refusal("beyond the end") { Source.descriptor(stream.fd, 7, bytes.size + 12L) }
            }
        } finally {
            whole.delete()
        }
        val buffer = ByteBuffer.wrap(ByteArray(3) + bytes)
        buffer.position(3)
        assertEquals(true, Bundle.open(Source.buffer(buffer)).signed)
    }

    @Test
    fun `every flipped byte of a bundle is refused`() {
        val bytes = folder.resolve("plain.edge").readBytes()
        for (index in bytes.indices step 13) {
            val altered = bytes.copyOf()
            altered[index] = (altered[index].toInt() xor 1).toByte()
            refusal("byte $index") { Bundle.open(Source.buffer(ByteBuffer.wrap(altered))) }
        }
    }

    @Test
    fun `a public key is read from its PEM file`() {
        val encoded = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
        val info = java.util.Base64.getEncoder().encodeToString(hex("302a300506032b6570032100$encoded"))
        val pem = "-----BEGIN PUBLIC KEY-----\n$info\n-----END PUBLIC KEY-----\n"
        Bundle.open(Source.file(folder.resolve("signed.edge")), PublicKey.ofPem(pem))
        refusal("no PEM") { PublicKey.ofPem(info) }
        refusal("another algorithm") { PublicKey.ofPem(pem.replace("MCow", "MCox")) }
    }

    @Test
    fun `a key that encodes no point accepts nothing`() {
        val none = PublicKey.ofBytes(ByteArray(32) { if (it == 0) 2 else 0 })
        refusal("no point") { Bundle.open(Source.file(folder.resolve("signed.edge")), none) }
    }
}
