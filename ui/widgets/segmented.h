// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

class QButtonGroup;

namespace bwla::ui {

/// A row of joined buttons of which one is down. Arrow keys move, as in any button group.
class Segmented : public QWidget {
    Q_OBJECT

public:
    explicit Segmented(const QString& accessibleName, const QStringList& texts,
                       QWidget* parent = nullptr);
    [[nodiscard]] int current() const;
    void setCurrent(int index); ///< without a signal
    void setText(int index, const QString& text);
    void setHelp(int index, const QString& toolTip);

Q_SIGNALS:
    void chosen(int index); ///< by the user

private:
    QButtonGroup* buttons_;
};

} // namespace bwla::ui
