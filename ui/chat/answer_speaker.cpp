// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/answer_speaker.h"

#include "ui/widgets/announce.h"

namespace bwla::ui {
namespace {

constexpr qint64 pauseBetween = 2000; ///< milliseconds: a reader speaks about five words in it

} // namespace

qsizetype finishedSentences(const QString& text) {
    for (qsizetype i = text.size() - 1; i > 0; --i) {
        const bool ends = QStringLiteral(".!?:").contains(text[i - 1]) && text[i].isSpace();
        if (ends || text[i] == u'\n')
            return i;
    }
    return 0;
}

AnswerSpeaker::AnswerSpeaker(ChatController& controller, QWidget& widget, QObject* parent)
    : QObject(parent), controller_(controller), widget_(widget) {
    connect(&controller_, &ChatController::answerBegins, this, [this](ChatSide side) {
        said_[static_cast<std::size_t>(side)] = 0;
        writing_ = true;
        since_.start();
    });
    connect(&controller_, &ChatController::answerChanged, this, &AnswerSpeaker::hear);
    connect(&controller_, &ChatController::statusChanged, this, &AnswerSpeaker::finish);
}

void AnswerSpeaker::hear(ChatSide side) {
    if (!writing_ || controller_.turns().empty())
        return;
    const auto& answer = controller_.turns().back().answer(side);
    if (!answer)
        return;
    const bool over = answer->state != MessageState::streaming;
    const QString text = QString::fromStdString(answer->text);
    qsizetype& said = said_[static_cast<std::size_t>(side)];
    const qsizetype until = over ? text.size() : finishedSentences(text);
    if (until <= said || (!over && since_.elapsed() < pauseBetween))
        return;
    const QString part = text.mid(said, until - said).simplified();
    const QString who = side == ChatSide::original ? tr("Original: %1") : tr("Quantized: %1");
    if (!part.isEmpty())
        say(said == 0 ? who.arg(part) : part);
    said = until;
}

void AnswerSpeaker::finish() {
    if (controller_.running() || !std::exchange(writing_, false))
        return;
    say(tr("Answer finished."));
}

void AnswerSpeaker::say(const QString& text) {
    since_.start();
    announce(widget_, text);
    Q_EMIT spoken(text);
}

} // namespace bwla::ui
