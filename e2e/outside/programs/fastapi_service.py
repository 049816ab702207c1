"""A service as FastAPI users write it. Argument: the port."""

import sys
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import uvicorn
from fastapi import Body, Cookie, FastAPI, File, Form, Header, HTTPException, Path, Query, Response, Security, UploadFile
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.security import APIKeyHeader, APIKeyQuery
from pydantic import BaseModel, Field

app = FastAPI(title="Shop", version="1.0")
query_key = APIKeyQuery(name="api_key")
header_key = APIKeyHeader(name="X-Key")


class Colour(str, Enum):
    red = "red"
    blue = "blue"


class Item(BaseModel):
    name: str = Field(min_length=1)
    price: Decimal
    colour: Colour = Colour.red
    tags: list[str] = []
    extra: dict[str, int] = {}
    parent: "Item | None" = None


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Cash(BaseModel):
    kind: Literal["cash"]
    coins: int


@app.get("/items/{item_id}")
def read_item(item_id: Annotated[int, Path(ge=1)], q: str | None = None, tags: Annotated[list[str], Query()] = []):
    return {"item_id": item_id, "q": q, "tags": tags}


@app.post("/items", status_code=201)
def create_item(item: Item) -> Item:
    return item


@app.put("/items/{item_id}")
def replace_item(item_id: int, item: Item):
    return {"item_id": item_id, "item": item}


@app.patch("/items/{item_id}")
def change_item(item_id: int, changes: Annotated[dict[str, str | int], Body()]):
    return {"item_id": item_id, "changes": changes}


@app.delete("/items/{item_id}", status_code=204)
def delete_item(item_id: int):
    return Response(status_code=204)


@app.post("/pay")
def pay(method: Annotated[Card | Cash, Body(discriminator="kind")], amount: Annotated[int, Body()]):
    return {"kind": method.kind, "amount": amount}


@app.get("/orders/{order_id}")
def read_order(order_id: UUID, day: date | None = None):
    return {"order_id": order_id, "day": day}


@app.get("/headers")
def read_headers(x_trace: Annotated[str, Header()], session: Annotated[str, Cookie()] = ""):
    return {"x_trace": x_trace, "session": session}


@app.post("/login")
def login(username: Annotated[str, Form()], password: Annotated[str, Form()]):
    return {"username": username, "length": len(password)}


@app.post("/upload")
async def upload(file: UploadFile, note: Annotated[str, Form()] = ""):
    content = await file.read()
    return {"name": file.filename, "size": len(content), "note": note, "text": content.decode()}


@app.post("/uploads")
async def upload_many(files: list[UploadFile]):
    return [{"name": file.filename, "size": len(await file.read())} for file in files]


@app.post("/bytes")
def take_bytes(data: Annotated[bytes, File()]):
    return {"size": len(data)}


@app.get("/secret")
def secret(key: Annotated[str, Security(query_key)]):
    if key != "s3cret":
        raise HTTPException(401, "wrong key")
    return {"ok": True}


@app.get("/guarded")
def guarded(key: Annotated[str, Security(header_key)]):
    return {"ok": key == "s3cret"}


@app.post("/folder/")
def make_folder(name: Annotated[str, Body(embed=True)]):
    return {"name": name}


@app.post("/moved")
def moved():
    return Response(status_code=307, headers={"location": "/folder/"})


@app.get("/text", response_class=PlainTextResponse)
def text():
    return "plain words"


@app.get("/report.pdf")
def report():
    return StreamingResponse(iter([b"%PDF-1.4 tiny"]), media_type="application/pdf")


@app.get("/null")
def nothing() -> Item | None:
    return None


@app.get("/broken")
def broken():
    raise HTTPException(409, "already there")


@app.get("/crash")
def crash():
    raise RuntimeError("unexpected")




uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
