// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QStackedLayout>

namespace bwla::ui {

class Page;

/// Title of the page in front, its context beside it, its actions at the right.
class Header : public QFrame {
    Q_OBJECT

public:
    explicit Header(QWidget* parent = nullptr);
    void addPage(Page& page);
    void setCurrent(int index);

private:
    QStackedLayout* stack_;
};

} // namespace bwla::ui
