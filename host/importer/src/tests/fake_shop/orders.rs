//! Carts, orders and what follows them.

use serde_json::{Value, json};

use super::{Request, Shop, line_value, minor, money, text};

impl Shop {
    pub(super) fn sell(&mut self, asked: &Request<'_>) -> Value {
        let input = &asked.input["input"];
        match asked.operation.as_str() {
            "mutation Cart" => {
                let id = format!("cart:{}", self.carts.len());
                let cart = json!({ "id": id, "status": "OPEN", "version": 1, "lines": [], "order": null,
                    "approvalRequest": null, "channel": asked.channel, "owner": asked.who });
                self.carts.push(cart.clone());
                json!({ "cartCreate": { "cart": cart, "userErrors": [] } })
            }
            "mutation Fill" => self.fill(asked),
            "mutation Override" => {
                let cart = self.cart_mut(&input["cartId"]);
                for set in input["lines"].as_array().unwrap() {
                    let mut lines = cart["lines"].as_array_mut().unwrap().iter_mut();
                    let line = lines.find(|line| line["id"] == set["lineId"]).unwrap();
                    line["unitPrice"] = json!({ "amount": set["unitPrice"] });
                    line["reason"] = set["reason"].clone();
                }
                cart["version"] = json!(3);
                json!({ "cartPricesOverride": { "cart": cart, "userErrors": [] } })
            }
            "mutation Submit" => {
                let version = self.cart_mut(&input["cartId"])["version"].clone();
                assert_eq!(input["cartVersion"], version);
                if self.asks_for_approval && asked.who.starts_with("buyer-") {
                    let cart = self.cart_mut(&input["cartId"]);
                    cart["status"] = json!("SUBMITTED");
                    cart["approvalRequest"] = json!({ "id": format!("request {}", text(&cart["id"])) });
                    let request = cart["approvalRequest"].clone();
                    return json!({ "cartSubmit": {
                        "order": null, "approvalRequest": request, "userErrors": [],
                    } });
                }
                json!({ "cartSubmit": {
                    "order": self.place(&input["cartId"]), "approvalRequest": null, "userErrors": [],
                } })
            }
            "mutation Approve" => {
                let cart_id = json!(text(&input["id"]).replace("request ", ""));
                json!({ "approvalRequestApprove": { "order": self.place(&cart_id), "userErrors": [] } })
            }
            "mutation Charge" => self.charge(input),
            "mutation Return" => self.give_back(asked),
            "mutation Note" => self.issue(asked),
            other => panic!("the shop knows no {other}"),
        }
    }

    fn cart_mut(&mut self, id: &Value) -> &mut Value {
        self.carts.iter_mut().find(|cart| cart["id"] == *id).unwrap()
    }

    fn fill(&mut self, asked: &Request<'_>) -> Value {
        let (lines, details) = (&asked.input["lines"], &asked.input["details"]);
        let mut added = Vec::new();
        for (index, line) in lines["lines"].as_array().unwrap().iter().enumerate() {
            let id = format!("{} line {index}", text(&lines["cartId"]));
            let price = self.price(&asked.who, &asked.channel, line);
            added.push(json!({ "id": id, "sku": line["sku"], "quantity": line["quantity"],
                "unitPrice": { "amount": price } }));
        }
        let ids: Vec<Value> = added.iter().map(|line| line["id"].clone()).collect();
        let cart = self.cart_mut(&lines["cartId"]);
        assert_eq!((&cart["owner"], &cart["channel"]), (&json!(asked.who), &json!(asked.channel)));
        cart["lines"] = json!(added);
        cart["version"] = json!(2);
        cart["poNumber"] = details["poNumber"].clone();
        cart["shippingAddress"] = details["shippingAddress"].clone();
        json!({
            "cartLinesAdd": { "lineIds": ids, "userErrors": [] },
            "cartDetailsSet": { "cart": cart, "userErrors": [] },
        })
    }

    fn place(&mut self, cart_id: &Value) -> Value {
        let cart = self.cart_mut(cart_id).clone();
        let id = format!("order:{}", self.orders.len());
        let channel = text(&cart["channel"]);
        let mut lines = Vec::new();
        let (mut net_sum, mut tax_sum) = (0, 0);
        for (index, line) in cart["lines"].as_array().unwrap().iter().enumerate() {
            let value = line_value(&text(&line["unitPrice"]["amount"]), &line["quantity"]);
            let (net, tax) = self.totals(&channel, value);
            net_sum += net;
            tax_sum += tax;
            *self.stock.entry(text(&line["sku"])).or_default() -=
                text(&line["quantity"]).parse::<i64>().unwrap();
            lines.push(json!({ "id": format!("{id} line {index}"), "sku": line["sku"], "value": value,
                "quantity": line["quantity"], "netTotal": money(net), "grandTotal": money(net + tax) }));
        }
        let order = json!({ "id": id, "poNumber": cart["poNumber"], "lines": lines, "charges": [], "returns": [],
            "channelId": format!("channel:{channel}"), "channel": channel, "linesNetTotal": money(net_sum),
            "chargesNetTotal": money(0), "grandTotal": money(net_sum + tax_sum) });
        self.orders.push(order.clone());
        let cart = self.cart_mut(cart_id);
        cart["status"] = json!("PLACED");
        cart["orderId"] = order["id"].clone();
        order
    }

    fn charge(&mut self, input: &Value) -> Value {
        let order = self.orders.iter_mut().find(|order| order["id"] == input["id"]).unwrap();
        for charge in input["charges"].as_array().unwrap() {
            let amount = minor(&charge["amount"]);
            order["chargesNetTotal"] = money(minor(&order["chargesNetTotal"]) + amount);
            order["grandTotal"] = money(minor(&order["grandTotal"]) + amount);
            let charges = order["charges"].as_array_mut().unwrap();
            charges
                .push(json!({ "kind": charge["kind"], "label": charge["label"], "netTotal": money(amount),
                "taxTotal": money(0) }));
        }
        json!({ "orderChargesAdd": { "order": order, "userErrors": [] } })
    }

    fn give_back(&mut self, asked: &Request<'_>) -> Value {
        let input = &asked.input["input"];
        let order = self.orders.iter().find(|order| order["id"] == input["orderId"]).unwrap().clone();
        let mut lines = Vec::new();
        let (mut net_sum, mut tax_sum) = (0, 0);
        for line in input["lines"].as_array().unwrap() {
            let sold = order["lines"].as_array().unwrap().iter();
            let sold = sold.clone().find(|sold| sold["id"] == line["orderLineId"]).unwrap();
            let quantity: i64 = text(&line["quantity"]).parse().unwrap();
            let value =
                sold["value"].as_i64().unwrap() * quantity / text(&sold["quantity"]).parse::<i64>().unwrap();
            let (net, tax) = self.totals(&asked.channel, value);
            net_sum += net;
            tax_sum += tax;
            *self.stock.entry(text(&sold["sku"])).or_default() += quantity;
            lines.push(json!({ "orderLineId": sold["id"], "netTotal": money(net), "taxTotal": money(tax) }));
        }
        let note = json!({ "id": format!("note:{}", self.notes.len()), "reference": input["reference"],
            "netTotal": money(net_sum), "taxTotal": money(tax_sum) });
        self.notes.push(note.clone());
        let order = self.orders.iter_mut().find(|order| order["id"] == input["orderId"]).unwrap();
        let returns = order["returns"].as_array_mut().unwrap();
        returns.push(json!({ "creditNote": note, "lines": lines }));
        json!({ "orderReturnCreate": { "order": order, "userErrors": [] } })
    }

    fn issue(&mut self, asked: &Request<'_>) -> Value {
        let input = &asked.input["input"];
        let mut lines = Vec::new();
        let (mut net_sum, mut tax_sum) = (0, 0);
        for line in input["lines"].as_array().unwrap() {
            let value = line_value(&text(&line["unitPrice"]), &line["quantity"]);
            let (net, tax) =
                if line.get("sku").is_some() { self.totals(&asked.channel, value) } else { (value, 0) };
            net_sum += net;
            tax_sum += tax;
            lines.push(json!({ "label": line["label"], "netTotal": money(net), "taxTotal": money(tax) }));
        }
        let note = json!({ "id": format!("note:{}", self.notes.len()), "reference": input["reference"],
            "accountId": input["accountId"], "lines": lines, "netTotal": money(net_sum),
            "taxTotal": money(tax_sum) });
        self.notes.push(note.clone());
        json!({ "creditNoteIssue": { "creditNote": note, "userErrors": [] } })
    }
}
