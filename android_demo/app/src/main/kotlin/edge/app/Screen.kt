package edge.app

import android.app.Activity
import android.view.View
import android.widget.Button
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.SeekBar
import android.widget.TextView

private const val PADDING = 32
internal const val MOST_MS = 50

/** The views of the one screen: a slider for the budget, two buttons, what the last call says, and the list. */
internal class Screen(activity: Activity, budget: (Int) -> Unit, verify: () -> Unit, measure: () -> Unit) {
    private val said = TextView(activity)
    private val list = TextView(activity)

    init {
        val column = LinearLayout(activity)
        column.orientation = LinearLayout.VERTICAL
        column.setPadding(PADDING, PADDING, PADDING, PADDING)
        val slider = SeekBar(activity)
        slider.max = MOST_MS - 1
        slider.progress = MOST_MS / 2
        slider.contentDescription = "Budget in milliseconds"
        slider.setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(bar: SeekBar, progress: Int, fromUser: Boolean) = budget(progress + 1)

            override fun onStartTrackingTouch(bar: SeekBar) = Unit

            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        })
        val scroll = ScrollView(activity)
        scroll.addView(list)
        val views = listOf(slider, button(activity, "Replay golden requests", verify), button(activity, "Measure", measure), said, scroll)
        for (view in views) column.addView(view)
        activity.setContentView(column)
    }

    fun say(text: String) {
        said.text = text
    }

    fun show(answer: Answer) {
        said.text = answer.summary
        list.text = answer.lines.joinToString("\n")
    }

    private fun button(activity: Activity, label: String, action: () -> Unit): View {
        val button = Button(activity)
        button.text = label
        button.setOnClickListener { action() }
        return button
    }
}
