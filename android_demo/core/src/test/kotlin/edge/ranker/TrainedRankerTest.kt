package edge.ranker

import edge.bundle.Source
import edge.trainedBundle
import java.io.FileInputStream
import java.nio.ByteBuffer
import kotlin.test.Test
import kotlin.test.assertEquals

class TrainedRankerTest {
    @Test
    fun `a trained bundle passes its golden requests at every exit`() {
        val file = trainedBundle()
        val steps = ArrayList<String>()
        Source.file(file).use { source ->
            Ranker.open(source, progress = { step, _ -> steps.add(step) }).use { it.verify() }
        }
        assertEquals(listOf("check", "load", "measure", "ready"), steps)
    }

    @Test
    fun `a trained bundle opens from a descriptor and from a buffer`() {
        val file = trainedBundle()
        FileInputStream(file).use { stream ->
            Ranker.open(Source.descriptor(stream.fd, 0, file.length())).use { it.verify() }
        }
        Ranker.open(Source.buffer(ByteBuffer.wrap(file.readBytes()))).close()
    }
}
