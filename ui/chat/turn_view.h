// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_controller.h"

#include <QFrame>

class QLabel;
class QToolButton;

namespace bwla::ui {

class AnswerText;
class KlStrip;
class Theme;

enum class TurnAction : std::uint8_t {
    copy,
    regenerate,
    branch,
    previousAnswer,
    nextAnswer,
    previousMessage,
    nextMessage,
    edit,
    remove,
};

/// One turn in one pane: the user's message, the model's answer, its divergence and its numbers.
class TurnView : public QFrame {
    Q_OBJECT

public:
    TurnView(Theme& theme, ChatSide side, QWidget* parent = nullptr);

    void setTurn(const ChatTurn& turn, const SideStatus& status);
    [[nodiscard]] AnswerText* text() const { return text_; }
    [[nodiscard]] KlStrip* strip() const { return strip_; }
    /// Places of the words in the answer, and in the user's message before it where `withMessage`.
    int find(const QString& words, bool withMessage);
    void markFound(int index); ///< -1 = none
    [[nodiscard]] QRect foundRect(int index) const;
    /// What stands under the answer, all of it.
    [[nodiscard]] QString numbers() const;

Q_SIGNALS:
    void actionRequested(bwla::ui::TurnAction action);
    void tokenChosen(std::optional<std::size_t> token);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QWidget* makeBubble();
    QWidget* makeStrip();
    QWidget* makeNumbers();
    QToolButton* addTool(const QString& icon, const QString& tip, TurnAction action);
    void setAnswer(const ChatTurn& turn, const ChatAnswer& answer, const SideStatus& status);
    void setNumbers(const ChatAnswer& answer);
    void setState(const ChatTurn& turn, const ChatAnswer& answer, const SideStatus& status);
    void nameToken(std::optional<std::size_t> token);
    void restyle();

    Theme& theme_;
    ChatSide side_;
    std::vector<float> nats_;
    QString stripText_;
    QString words_;                   ///< looked for
    std::vector<int> foundInMessage_; ///< where they begin
    QLabel *message_, *notRead_, *messageVersion_;
    QWidget* messageVersions_;
    AnswerText* text_;
    KlStrip* strip_;
    QWidget* stripBox_;
    QLabel *stripMean_, *prefill_, *firstToken_, *decode_, *tokens_, *state_, *answerVersion_;
    QWidget *numbers_, *tools_, *answerVersions_;
    QList<std::pair<QToolButton*, QString>> icons_;
};

} // namespace bwla::ui
