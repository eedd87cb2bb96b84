// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/context_counter.h"

#include <QFrame>
#include <QPlainTextEdit>

class QLabel;
class QProgressBar;
class QPushButton;

namespace bwla::ui {

class Banner;
class Theme;

/// A field where Enter sends and Shift+Enter makes a line.
class MessageField : public QPlainTextEdit {
    Q_OBJECT

public:
    using QPlainTextEdit::QPlainTextEdit;

Q_SIGNALS:
    void sendPressed();
    void upPressed(); ///< Up in an empty field

protected:
    void keyPressEvent(QKeyEvent* event) override;
};

/// What is going to be said: field, Send (or Stop, in its place), the context meter, and the choice
/// where a message does not fit.
class Composer : public QFrame {
    Q_OBJECT

public:
    explicit Composer(Theme& theme, QWidget* parent = nullptr);

    [[nodiscard]] QString text() const;
    void setText(const QString& text);
    void focusField();
    /// `ready` = there is a model to send to.
    void setState(bool running, bool ready);
    void showCount(const ContextCount& count);
    void setSamplingName(const QString& name);
    /// An edit replaces a message instead of adding one.
    void setEditing(bool editing);
    [[nodiscard]] bool editing() const { return editing_; }
    [[nodiscard]] QString meterText() const;
    [[nodiscard]] MessageField* field() const { return field_; }
    [[nodiscard]] QPushButton* sendButton() const { return send_; }
    [[nodiscard]] Banner* banner() const { return banner_; }

protected:
    void resizeEvent(QResizeEvent* event) override;

Q_SIGNALS:
    void textChanged(const QString& text);
    void sendRequested(const QString& text);
    void stopRequested();
    void editLastRequested();
    void systemRequested();
    void samplingRequested();
    void dropOldestRequested();
    void newChatRequested();

private:
    void layOut();
    void press();
    void showChoices(const ContextUse& use);
    void updateSend();
    void nameButtons();

    Theme& theme_;
    MessageField* field_;
    QPushButton *send_, *system_, *sampling_;
    QProgressBar* meter_;
    QLabel *contextName_, *context_;
    QString samplingName_;
    Banner* banner_;
    bool running_ = false, ready_ = false, fits_ = true, editing_ = false;
};

} // namespace bwla::ui
