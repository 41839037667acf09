package edge.bundle

import edge.REPOSITORY
import edge.refusal
import java.io.File
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class InstallationTest {
    private val cache = File.createTempFile("edge", "").also { it.delete() }

    @AfterTest
    fun remove() {
        cache.deleteRecursively()
    }

    @Test
    fun `an installation has every file but the weights, with holes filled, and no other`() {
        val bundle = bundle("holes")
        val directory = withInstallation(bundle, cache) { it }
        val files = directory.walk().filter { it.isFile }.map { it.relativeTo(directory).path }.toSet()
        assertEquals(setOf("manifest.json", "text.json", "vocab.txt", "golden.jsonl", "models/onnx/x"), files)
        assertContentEquals(bundle.read("models/onnx/x"), File(directory, "models/onnx/x").readBytes())
    }

    @Test
    fun `an installation is used again, and made again if a byte of it changed`() {
        val bundle = bundle("plain")
        val model = withInstallation(bundle, cache) { File(it, "models/onnx/x") }
        val other = File(model.parentFile, "cache-of-an-engine").also { it.writeText("kept") }
        withInstallation(bundle, cache) { assertTrue(other.isFile) }
        model.writeText("else")
        withInstallation(bundle, cache) { assertContentEquals(bundle.read("models/onnx/x"), model.readBytes()) }
        assertFalse(other.exists())
    }

    @Test
    fun `an update keeps the bundle before it, and removes older ones and what killed installers left`() {
        File(cache, "0123.partial/half").mkdirs()
        File(cache, "photos").mkdirs()
        val names = listOf("plain", "holes", "calibrated").map { name ->
            withInstallation(bundle(name), cache) { it.also { Thread.sleep(20) } }.name
        }
        assertEquals((names.drop(1) + listOf(".lock", "photos")).toSet(), cache.list().orEmpty().toSet())
    }

    @Test
    fun `a folder that cannot be written is refused with its fix`() {
        cache.writeText("a file")
        assertTrue("make room" in refusal("a file as a folder") { withInstallation(bundle("plain"), cache) {} })
    }

    private fun bundle(name: String): Bundle = Bundle.open(Source.file(REPOSITORY.resolve("edge/bundle/vectors/$name.edge")))
}
