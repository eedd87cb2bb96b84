// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;
class QLineEdit;

namespace bwla::ui {

class Theme;

/// Words to find in a conversation, how many there are, and the way from one to the next. Enter and
/// Shift+Enter step, Esc closes.
class FindBar : public QFrame {
    Q_OBJECT

public:
    explicit FindBar(Theme& theme, QWidget* parent = nullptr);

    void open();
    void close();
    /// `current` from 0; -1 = none.
    void setCount(int current, int count);
    [[nodiscard]] QString words() const;
    [[nodiscard]] QLineEdit* field() const { return field_; }
    [[nodiscard]] QString countText() const;

Q_SIGNALS:
    void wordsChanged(const QString& words); ///< empty when the bar closes
    void stepped(int by);
    void closed();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QLineEdit* field_;
    QLabel* count_;
};

} // namespace bwla::ui
