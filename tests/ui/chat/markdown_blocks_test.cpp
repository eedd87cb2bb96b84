// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/answer_text.h"
#include "ui/chat/markdown_blocks.h"
#include "ui/chat/text_views.h"
#include "ui/theme/theme.h"

#include <QClipboard>
#include <QTextDocument>
#include <QToolButton>
#include <QtTest>

using namespace bwla;
using namespace bwla::ui;

class MarkdownBlocksTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Theme> theme_;

private Q_SLOTS:
    void initTestCase() { theme_ = std::make_unique<Theme>(); }

    void cutsParagraphsListsAndCode() {
        const QString text =
            "One\nline.\n\n- a\n\n- b\n  more\n\nTwo.\n```python\nx = 1\n\ny = 2\n```\nEnd";
        QStringList sources;
        for (const MarkdownBlock& block : markdownBlocks(text)) {
            sources << block.source;
            QCOMPARE(text.mid(block.begin, block.source.size()), block.source);
        }
        QCOMPARE(sources, (QStringList{"One\nline.", "- a\n\n- b\n  more", "Two.", "x = 1\n\ny = 2",
                                       "End"}));
        QCOMPARE(markdownBlocks(text)[3].language, QString("python"));
        QVERIFY(markdownBlocks({}).isEmpty());
    }

    /// While it grows, what was cut stays cut: only the last block may change.
    void growsAtTheEndOnly() {
        const QString text = "Para **one**\n\n1. a\n2. b\n\ntext\n\n~~~~\n``` \ncode\n~~~~\n\nlast";
        QList<MarkdownBlock> before;
        for (qsizetype length = 1; length <= text.size(); ++length) {
            const QList<MarkdownBlock> now = markdownBlocks(text.left(length));
            for (qsizetype i = 0; i + 1 < std::min(before.size(), now.size()); ++i)
                QCOMPARE(now[i].source, before[i].source);
            before = now;
        }
        QCOMPARE(before.size(), 5);
    }

    void drawnPositionsFollowTheWords() {
        for (const char* source :
             {"Plain words here", "Some **bold** and *slanted* words", "# Title words",
              "- item words\n- more", "1. first words", "a `code` words", "> quoted words",
              "see [link](http://x.y/z) words", "a \\* star words", "x &amp; words"}) {
            const QString text = source;
            QTextDocument document;
            document.setMarkdown(text);
            const QString plain = document.toPlainText();
            const auto positions = drawnPositions(text, plain);
            const qsizetype at = text.indexOf(text.contains("words") ? "words" : "more");
            QCOMPARE(plain.mid(positions[static_cast<std::size_t>(at)], 5), text.mid(at, 5));
        }
    }

    void utf16PositionsOfBytes() {
        const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80z"; // a, é, an emoji of two units, z
        const std::vector<qsizetype> expected{0, 1, 1, 2, 2, 2, 2, 4, 5};
        QCOMPARE(utf16Positions(text), expected);
    }

    void marksTheFirstDifference() {
        AnswerText answer(*theme_);
        answer.resize(400, 300);
        const std::string text = "The **sky** is blue.\n\nAnd `deep`.";
        const TokenMarks marks{.path = {{1, 3}, {2, 11}, {3, 14}, {4, 19}, {5, 20}, {6, 33}},
                               .difference = 3, // " blue"
                               .quantized = true};
        answer.setText(text, marks);
        const auto edits = answer.findChildren<QTextEdit*>();
        QCOMPARE(edits[0]->toPlainText(), QString("The sky is ▸blue."));
        QTextCursor cursor(edits[0]->document());
        cursor.setPosition(14); // inside "blue"
        QCOMPARE(cursor.charFormat().background().color(),
                 seriesStyle(Series::error, theme_->tokens()).colour);
        cursor.setPosition(17);
        QCOMPARE(cursor.charFormat().underlineStyle(), QTextCharFormat::DotLine);
        cursor = QTextCursor(edits[1]->document());
        cursor.setPosition(2);
        QCOMPARE(cursor.charFormat().underlineStyle(), QTextCharFormat::DotLine);
        QCOMPARE(answer.tokenText(3), QString(" blue"));
        QVERIFY(!answer.differenceRect().isNull());

        answer.setText(text, {.path = marks.path, .difference = 3, .quantized = false});
        QCOMPARE(answer.findChild<QTextEdit*>()->toPlainText(), QString("The sky is blue."));
    }

    /// The mark of a code block's first character stays that character's as more streams in.
    void aMarkDoesNotSpread() {
        AnswerText answer(*theme_);
        answer.resize(400, 300);
        TokenMarks marks{.path = {{1, 4}, {2, 5}, {3, 10}}, .difference = 1, .quantized = true};
        answer.setText("```\nab = 1", marks);
        marks.path.push_back({4, 16});
        answer.setText("```\nab = 1\nc = 2", marks);
        QTextCursor cursor(answer.findChild<CodeView*>()->edit()->document());
        cursor.setPosition(2); // after the arrow and "a"
        QVERIFY(cursor.charFormat().background() != Qt::NoBrush);
        cursor.movePosition(QTextCursor::End);
        QCOMPARE(cursor.charFormat().underlineStyle(), QTextCharFormat::DotLine);
        QVERIFY(cursor.charFormat().background() == Qt::NoBrush);
    }

    void controlCharactersHideNoMark() {
        for (const char byte : {'\0', '\1', '\2', '\x16'}) {
            AnswerText answer(*theme_);
            answer.resize(400, 300);
            const std::string text{byte, 'A', byte, 'A'};
            answer.setText(
                text,
                {.path = {{1, 1}, {2, 2}, {1, 3}, {2, 4}}, .difference = 0, .quantized = true});
            QCOMPARE(answer.blocks().size(), 1);
            QVERIFY(answer.findChild<QTextEdit*>()->toPlainText().contains(u'▸'));
            QVERIFY2(!answer.differenceRect().isNull(), qPrintable(QString::number(byte)));
        }
    }

    void tagsAreText() {
        AnswerText answer(*theme_);
        answer.setText("a <script>x</script> <b>b</b>", {});
        QCOMPARE(answer.findChild<QTextEdit*>()->toPlainText(),
                 QString("a <script>x</script> <b>b</b>"));
    }

    void codeIsCopiedAsItIs() {
        AnswerText answer(*theme_);
        answer.setText("Try\n```\nif a:\n    b\n```", {});
        auto* code = answer.findChild<CodeView*>();
        QVERIFY(code != nullptr);
        code->findChild<QToolButton*>()->click();
        QCOMPARE(QGuiApplication::clipboard()->text(), QString("if a:\n    b"));
    }
};

QTEST_MAIN(MarkdownBlocksTest)
#include "markdown_blocks_test.moc"
