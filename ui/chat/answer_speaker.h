// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_controller.h"

#include <QElapsedTimer>

namespace bwla::ui {

/// Says an answer to people who hear the window, while it is written: whole sentences, a few
/// seconds of reading at a time, and that it ended.
class AnswerSpeaker : public QObject {
    Q_OBJECT

public:
    /// Speaks for `widget`, whose accessible name stays what it is.
    AnswerSpeaker(ChatController& controller, QWidget& widget, QObject* parent = nullptr);

Q_SIGNALS:
    void spoken(const QString& text);

private:
    void hear(ChatSide side);
    void finish();
    void say(const QString& text);

    ChatController& controller_;
    QWidget& widget_;
    std::array<qsizetype, chatSides.size()> said_{}; ///< characters of the last turn's answers
    QElapsedTimer since_;
    bool writing_ = false;
};

/// Characters of `text` up to the end of its last finished sentence.
[[nodiscard]] qsizetype finishedSentences(const QString& text);

} // namespace bwla::ui
